-- Rows of kaanalyze among the logs that the OpenTelemetry Collector writes, into kaanalyze.connections.

CREATE MATERIALIZED VIEW IF NOT EXISTS kaanalyze.otel_to_lines TO kaanalyze.lines AS
SELECT Body AS line
FROM otel.otel_logs
WHERE startsWith(Body, '{"type":"connection"');
