-- Connections that a pool would have spared, by server, and the handshakes that they took.
SELECT
    server,
    server_port,
    count() AS connections,
    sum(c.requests) AS requests,
    countIf(c.requests > 0) AS with_requests,
    countIf(c.avoidable) AS avoidable_connections,
    with_requests - avoidable_connections AS pool_need,
    round(avoidable_connections / greatest(with_requests, 1), 3) AS share,
    sumIf(coalesce(connect_seconds, 0) + coalesce(tls_seconds, 0), avoidable) AS handshake_seconds
FROM kaanalyze.connections AS c FINAL
WHERE start >= {from:DateTime64(9, 'UTC')} AND start < {to:DateTime64(9, 'UTC')}
GROUP BY server, server_port
ORDER BY avoidable_connections DESC, server, server_port
LIMIT 100
