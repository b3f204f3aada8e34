-- Rows of kaanalyze --complete-rows, in ClickHouse. All lines of its NDJSON go into
-- kaanalyze.lines, which keeps none; those of connections become rows of
-- kaanalyze.connections. A capture that is loaded twice counts once: queries say FINAL.

CREATE DATABASE IF NOT EXISTS kaanalyze;

CREATE TABLE IF NOT EXISTS kaanalyze.connections
(
    point                  LowCardinality(String),         -- where it was captured
    id                     UInt64,                         -- in the report of that point
    client                 String,
    client_port            UInt16,
    server                 LowCardinality(String),
    server_port            UInt16,
    start                  DateTime64(9, 'UTC') CODEC(Delta, ZSTD),
    last_packet            DateTime64(9, 'UTC') CODEC(Delta, ZSTD),
    midstream              Bool,
    handshake              LowCardinality(String),
    connect_seconds        Nullable(Float64),
    tls_seconds            Nullable(Float64),              -- of the handshake
    protocol               LowCardinality(String),         -- '' without data
    packets_client         UInt64,
    packets_server         UInt64,
    bytes_client           UInt64,
    bytes_server           UInt64,
    retransmissions_client UInt32,
    retransmissions_server UInt32,
    requests               Nullable(UInt64),               -- NULL where they cannot be counted
    requests_estimated     Nullable(UInt64),
    responses              Nullable(UInt64),
    avoidable              Nullable(Bool),                 -- a pool that reuses connections would not have made it
    idle_last              Nullable(Float64),              -- seconds, from the last response to the close
    idle_max               Nullable(Float64),
    close                  LowCardinality(String),         -- '' where it is not known
    close_began            LowCardinality(String),
    first_fin              LowCardinality(String),
    rst_by                 LowCardinality(String),
    closed_at              Nullable(DateTime64(9, 'UTC')),
    time_wait              LowCardinality(String),         -- who holds it
    time_wait_client_from  Nullable(DateTime64(9, 'UTC')),
    time_wait_client_to    Nullable(DateTime64(9, 'UTC')),
    time_wait_server_from  Nullable(DateTime64(9, 'UTC')),
    time_wait_server_to    Nullable(DateTime64(9, 'UTC')),
    cause                  LowCardinality(String),         -- why it carried no further request
    cause_by               LowCardinality(String),
    cause_observed         String CODEC(ZSTD),
    cause_confidence       LowCardinality(String),
    client_isn             Nullable(UInt32),
    server_isn             Nullable(UInt32)
)
ENGINE = ReplacingMergeTree
PARTITION BY toDate(start)
ORDER BY (server, server_port, client, start, client_port, point);

CREATE TABLE IF NOT EXISTS kaanalyze.lines (line String) ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS kaanalyze.lines_to_connections TO kaanalyze.connections AS
WITH JSONExtract(line, 'Tuple(
    type String, id UInt64, client String, server String, start String, `end` String, midstream Bool,
    packets Tuple(client UInt64, server UInt64), bytes Tuple(client UInt64, server UInt64),
    handshake Tuple(state String, connect_seconds Nullable(Float64)), tls Tuple(handshake_seconds Nullable(Float64)),
    protocol String, requests Nullable(UInt64), requests_estimated Nullable(UInt64), responses Nullable(UInt64),
    idle_gaps_seconds Tuple(max Nullable(Float64), last Nullable(Float64)),
    retransmissions Tuple(client UInt32, server UInt32),
    close Tuple(kind String, began String, first_fin String, rst_by String, time_wait String, at Nullable(String)),
    not_reused Tuple(cause String, by String, observed String, confidence String),
    point String, isn Tuple(client Nullable(UInt32), server Nullable(UInt32)), avoidable Nullable(Bool),
    time_wait Tuple(client Tuple(from Nullable(String), to Nullable(String)), server Tuple(from Nullable(String), to Nullable(String))))') AS r
SELECT
    r.point AS point,
    r.id AS id,
    replaceRegexpOne(r.client, '^\\[?([^\\]]*?)\\]?:[0-9]+$', '\\1') AS client,
    toUInt16(extract(r.client, '[0-9]+$')) AS client_port,
    replaceRegexpOne(r.server, '^\\[?([^\\]]*?)\\]?:[0-9]+$', '\\1') AS server,
    toUInt16(extract(r.server, '[0-9]+$')) AS server_port,
    parseDateTime64BestEffort(r.start, 9, 'UTC') AS start,
    parseDateTime64BestEffort(r.`end`, 9, 'UTC') AS last_packet,
    r.midstream AS midstream,
    r.handshake.state AS handshake,
    r.handshake.connect_seconds AS connect_seconds,
    r.tls.handshake_seconds AS tls_seconds,
    r.protocol AS protocol,
    r.packets.client AS packets_client,
    r.packets.server AS packets_server,
    r.bytes.client AS bytes_client,
    r.bytes.server AS bytes_server,
    r.retransmissions.client AS retransmissions_client,
    r.retransmissions.server AS retransmissions_server,
    r.requests AS requests,
    r.requests_estimated AS requests_estimated,
    r.responses AS responses,
    r.avoidable AS avoidable,
    r.idle_gaps_seconds.last AS idle_last,
    r.idle_gaps_seconds.max AS idle_max,
    r.close.kind AS close,
    r.close.began AS close_began,
    r.close.first_fin AS first_fin,
    r.close.rst_by AS rst_by,
    parseDateTime64BestEffortOrNull(r.close.at, 9, 'UTC') AS closed_at,
    r.close.time_wait AS time_wait,
    parseDateTime64BestEffortOrNull(r.time_wait.client.from, 9, 'UTC') AS time_wait_client_from,
    parseDateTime64BestEffortOrNull(r.time_wait.client.to, 9, 'UTC') AS time_wait_client_to,
    parseDateTime64BestEffortOrNull(r.time_wait.server.from, 9, 'UTC') AS time_wait_server_from,
    parseDateTime64BestEffortOrNull(r.time_wait.server.to, 9, 'UTC') AS time_wait_server_to,
    r.not_reused.cause AS cause,
    r.not_reused.by AS cause_by,
    r.not_reused.observed AS cause_observed,
    r.not_reused.confidence AS cause_confidence,
    r.isn.client AS client_isn,
    r.isn.server AS server_isn
FROM kaanalyze.lines
WHERE r.type = 'connection';

-- One row for each TIME_WAIT entry: who holds it, since when and until when.
CREATE VIEW IF NOT EXISTS kaanalyze.time_waits AS
SELECT point, client AS host, server, server_port, assumeNotNull(time_wait_client_from) AS since, assumeNotNull(time_wait_client_to) AS until
FROM kaanalyze.connections FINAL
WHERE time_wait_client_from IS NOT NULL
UNION ALL
SELECT point, server AS host, server, server_port, assumeNotNull(time_wait_server_from) AS since, assumeNotNull(time_wait_server_to) AS until
FROM kaanalyze.connections FINAL
WHERE time_wait_server_from IS NOT NULL;
