-- The most TIME_WAIT entries that there were at once, over all hosts.
SELECT max(open) AS peak, argMin(at, (-open, at)) AS peak_at
FROM
(
    SELECT
        change.1 AS at,
        sum(change.2) OVER (ORDER BY change.1, change.2 ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS open
    FROM
    (
        SELECT arrayJoin([(greatest(since, {from:DateTime64(9, 'UTC')}), 1), (until, -1)]) AS change
        FROM kaanalyze.time_waits
        WHERE until > {from:DateTime64(9, 'UTC')} AND since < {to:DateTime64(9, 'UTC')}
    )
)
WHERE at < {to:DateTime64(9, 'UTC')}
