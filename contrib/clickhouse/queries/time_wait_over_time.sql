-- The highest number of TIME_WAIT entries within each 10 s in which it changed, by host.
SELECT toStartOfInterval(at, INTERVAL 10 SECOND) AS time, host, max(open) AS entries
FROM
(
    SELECT
        host,
        change.1 AS at,
        sum(change.2) OVER (PARTITION BY host ORDER BY change.1, change.2 ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS open
    FROM
    (
        SELECT host, arrayJoin([(greatest(since, {from:DateTime64(9, 'UTC')}), 1), (until, -1)]) AS change
        FROM kaanalyze.time_waits
        WHERE until > {from:DateTime64(9, 'UTC')} AND since < {to:DateTime64(9, 'UTC')}
    )
)
WHERE at < {to:DateTime64(9, 'UTC')}
GROUP BY time, host
ORDER BY time, host
