-- Why connections carried no further request.
SELECT cause, cause_by, count() AS connections
FROM kaanalyze.connections FINAL
WHERE start >= {from:DateTime64(9, 'UTC')} AND start < {to:DateTime64(9, 'UTC')}
GROUP BY cause, cause_by
ORDER BY connections DESC, cause, cause_by
