-- After how many idle seconds each server, or its clients, closed connections that had timed out.
SELECT
    server,
    server_port,
    cause_by AS closed_by,
    count() AS closes,
    quantileExact(0.1)(idle_last) AS p10,
    quantileExact(0.5)(idle_last) AS p50,
    quantileExact(0.9)(idle_last) AS p90
FROM kaanalyze.connections FINAL
WHERE cause IN ('server_idle_timeout', 'client_idle_timeout') AND idle_last IS NOT NULL
    AND start >= {from:DateTime64(9, 'UTC')} AND start < {to:DateTime64(9, 'UTC')}
GROUP BY server, server_port, closed_by
ORDER BY closes DESC, server, server_port, closed_by
LIMIT 100
