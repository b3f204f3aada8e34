-- Client ports in use or in TIME_WAIT at the client, at the most, by client and server, of
-- the 28,232 that Linux has by default for each such pair.
SELECT client, server, server_port, max(open) AS ports, argMin(at, (-open, at)) AS peak_at, round(ports / 28232, 4) AS share
FROM
(
    SELECT
        client,
        server,
        server_port,
        change.1 AS at,
        sum(change.2) OVER (PARTITION BY client, server, server_port ORDER BY change.1, change.2 ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS open
    FROM
    (
        SELECT
            client,
            server,
            server_port,
            if(close IN ('open', 'half_closed'), {to:DateTime64(9, 'UTC')},
                greatest(last_packet, coalesce(time_wait_client_to, last_packet), addNanoseconds(start, 1))) AS until,
            arrayJoin([(greatest(start, {from:DateTime64(9, 'UTC')}), 1), (until, -1)]) AS change
        FROM kaanalyze.connections FINAL
        WHERE handshake NOT IN ('refused', 'unanswered') AND start < {to:DateTime64(9, 'UTC')} AND until > {from:DateTime64(9, 'UTC')}
    )
)
WHERE at < {to:DateTime64(9, 'UTC')}
GROUP BY client, server, server_port
ORDER BY ports DESC, client, server, server_port
LIMIT 100
