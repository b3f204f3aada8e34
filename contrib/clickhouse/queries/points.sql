-- What each point has delivered.
SELECT point, count() AS connections, min(start) AS first, max(last_packet) AS last
FROM kaanalyze.connections FINAL
WHERE start >= {from:DateTime64(9, 'UTC')} AND start < {to:DateTime64(9, 'UTC')}
GROUP BY point
ORDER BY point
