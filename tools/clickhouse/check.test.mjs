// Runs contrib/clickhouse in chDB, which is ClickHouse in this process, and holds its answers to
// kaanalyze's own. KAANALYZE is the program, CHECKOUT this repository, SCRATCH a folder for what
// is written meanwhile.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { Session } from 'chdb'

const program = process.env.KAANALYZE
const scratch = process.env.SCRATCH
const top = process.env.CHECKOUT
const contrib = join(top, 'contrib/clickhouse')
const captures = readdirSync(join(top, 'testdata')).filter((name) => name.endsWith('.pcap'))

const everything = { from: '1970-01-01 00:00:00', to: '2200-01-01 00:00:00', deploy: '1970-01-01 00:00:00' }
const parameter = /\{(from|to|deploy):DateTime64\(9, 'UTC'\)\}/g

let db

const run = (...words) => execFileSync(program, words, { maxBuffer: 1 << 30, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
const capture = (name) => join(top, 'testdata', name)
const query = (name) => readFileSync(join(contrib, 'queries', name + '.sql'), 'utf8')
const rows = (sql) => db.query(sql, 'JSONEachRow').split('\n').filter(Boolean).map((line) => JSON.parse(line))

// statements are those of a file, which end with a semicolon at the end of a line.
const statements = (sql) => sql.split(/;\s*\n/).filter((s) => s.replace(/--.*/g, '').trim())

// ask returns the answer to a query of contrib.
function ask(name, values = {}) {
	for (const [key, value] of Object.entries({ ...everything, ...values })) db.query(`SET param_${key} = '${value}'`)
	return rows(query(name))
}

// load puts lines into the database as a client does that sends them as they are.
function load(lines) {
	const file = join(scratch, 'rows.ndjson')
	writeFileSync(file, lines)
	db.query(`INSERT INTO kaanalyze.lines SELECT line FROM file('${file}', 'JSONAsString', 'line String')`)
}

const completeRows = (...words) => run('-f', 'ndjson', '--complete-rows', ...words)
const instant = (text) => text && text.replace(' ', 'T') + 'Z'
const sum = (list) => list.reduce((a, b) => a + b, 0)
const number = (n) => Number(n ?? 0)
const endpoint = (r) => (r.server.includes(':') ? `[${r.server}]` : r.server) + ':' + r.server_port

// almost compares seconds, which were rounded to a nanosecond for each of n connections.
const almost = (got, want, n, what) => assert.ok(Math.abs(got - want) <= 1e-9 * (n + 1) + 1e-12 * want, `${what}: got ${got}, want ${want}`)

before(() => {
	db = new Session(join(scratch, 'db'))
	for (const sql of statements(readFileSync(join(contrib, 'schema.sql'), 'utf8'))) db.query(sql)
})

beforeEach(() => db.query('TRUNCATE TABLE kaanalyze.connections'))

after(() => db.cleanup())

test('the schema can be loaded again', () => {
	for (const sql of statements(readFileSync(join(contrib, 'schema.sql'), 'utf8'))) db.query(sql)
})

test('queries give the numbers of kaanalyze', () => {
	let peaks = 0
	let avoidable = 0
	let timeouts = 0
	for (const name of captures) {
		db.query('TRUNCATE TABLE kaanalyze.connections')
		load(completeRows(capture(name)))
		const report = JSON.parse(run('--json', capture(name)))
		const { totals } = report
		sameConnections(name, report)
		sameTimeWait(name, totals.time_wait)
		sameAvoidable(name, report)
		samePorts(name, report)
		timeouts += sameTimeouts(name, report)
		peaks += number(totals.time_wait.peak)
		avoidable += number(totals.avoidable_connections)
	}
	assert.ok(captures.length > 100 && peaks > 300 && avoidable > 200 && timeouts > 5, `compared too little: ${captures.length} captures, ${peaks}, ${avoidable}, ${timeouts}`)
})

function sameConnections(name, report) {
	assert.equal(sum(ask('points').map((r) => r.connections)), report.totals.connections, name)
	const key = (r) => r.cause + ' ' + (r.by ?? r.cause_by)
	const got = Object.fromEntries(ask('causes').map((r) => [key(r), r.connections]))
	assert.deepEqual(got, Object.fromEntries(report.causes.map((r) => [key(r), r.connections])), name)
	assert.deepEqual(Object.fromEntries(ask('cause_shift').map((r) => [key(r), r.after])), got, name)
}

function sameTimeWait(name, want) {
	if (want.peak === null) return // who holds TIME_WAIT is not known
	const [all] = ask('time_wait_peak')
	assert.equal(number(all.peak), want.peak, name)
	if (want.peak > 0) assert.equal(instant(all.peak_at), want.peak_at, name)
	const hosts = ask('time_wait_hosts').map((r) => ({ host: r.host, peak: number(r.peak), peak_at: instant(r.peak_at) }))
	const own = want.hosts.map((h) => ({ host: h.host, peak: h.peak, peak_at: h.peak_at }))
	const order = (a, b) => (a.host < b.host ? -1 : 1)
	assert.deepEqual(hosts.sort(order), own.sort(order), name)
	const highest = Math.max(0, ...ask('time_wait_over_time').map((r) => number(r.entries)))
	assert.equal(highest, Math.max(0, ...own.map((h) => h.peak)), name)
}

function sameAvoidable(name, { totals, pairs }) {
	const servers = ask('avoidable')
	if (totals.avoidable_connections !== null) {
		assert.equal(sum(servers.map((r) => r.avoidable_connections)), totals.avoidable_connections, name)
		assert.equal(sum(servers.map((r) => r.pool_need)), totals.pool_need, name)
		almost(sum(servers.map((r) => number(r.handshake_seconds))), totals.avoidable_handshake_seconds, totals.connections, name)
	}
	for (const r of servers) {
		const of = pairs.filter((p) => p.server === endpoint(r))
		assert.equal(r.connections, sum(of.map((p) => p.connections)), `${name}: ${endpoint(r)}`)
		assert.equal(r.avoidable_connections, sum(of.map((p) => number(p.avoidable_connections))), `${name}: ${endpoint(r)}`)
		assert.equal(number(r.requests), sum(of.map((p) => number(p.requests))), `${name}: ${endpoint(r)}`)
	}
}

function samePorts(name, { pairs }) {
	const got = Object.fromEntries(ask('ports').map((r) => [r.client + ' ' + endpoint(r), number(r.ports)]))
	for (const p of pairs) {
		const key = p.client + ' ' + p.server
		if (pairs.length <= 100 || key in got) assert.equal(got[key] ?? 0, p.ports_in_60s, `${name}: ${key}`)
	}
}

// sameTimeouts compares idle timeouts that kaanalyze infers, and returns how many.
function sameTimeouts(name, { policies }) {
	const found = ask('idle_timeouts')
	let n = 0
	for (const p of policies.filter((p) => p.kind === 'idle_timeout')) {
		const row = found.find((r) => r.closed_by === p.by && p.subject.endsWith(endpoint(r)))
		if (!row) continue // it is inferred from something else than closes
		n++
		assert.ok(row.p10 <= p.seconds * 1.05 && row.p90 >= p.seconds * 0.95, `${name}: ${p.subject}: got ${row.p10} to ${row.p90} s, want ${p.seconds}`)
	}
	return n
}

test('what is loaded twice counts once', () => {
	const lines = completeRows('--demo')
	load(lines)
	const want = ['causes', 'avoidable', 'time_wait_hosts', 'ports'].map((q) => ask(q))
	load(lines)
	assert.deepEqual(['causes', 'avoidable', 'time_wait_hosts', 'ports'].map((q) => ask(q)), want)
})

test('what is not known is NULL, and IPv6 has no brackets', () => {
	load(
		'{"type":"connection","id":1,"client":"[2001:db8::1]:50000","server":"[2001:db8::2]:443","start":"2026-11-20T04:13:20.123456789Z","end":"2026-11-20T04:13:21.000000000Z",' +
			'"requests":null,"avoidable":null,"close":{"kind":null,"at":null},"isn":{"client":4294967295,"server":null},"time_wait":{"client":null,"server":null},"more":[1,{"than":null}]}\n{"type":"end"}\n'
	)
	assert.deepEqual(rows('SELECT client, client_port, server, server_port, start, requests, avoidable, close, closed_at, client_isn, server_isn, time_wait_client_from FROM kaanalyze.connections'), [
		{
			client: '2001:db8::1', client_port: 50000, server: '2001:db8::2', server_port: 443, start: '2026-11-20 04:13:20.123456789', requests: null,
			avoidable: null, close: '', closed_at: null, client_isn: 4294967295, server_isn: null, time_wait_client_from: null,
		},
	])
	assert.deepEqual(ask('time_wait_hosts'), [])
})

test('a cause shifts with a deploy, and a range of time cuts', () => {
	load(completeRows('--demo'))
	const [{ first, last, middle }] = rows('SELECT min(start) AS first, max(start) AS last, quantileExact(0.5)(start) AS middle FROM kaanalyze.connections')
	const shift = ask('cause_shift', { deploy: middle })
	const before = ask('causes', { to: middle })
	assert.ok(sum(shift.map((r) => r.before)) > 0 && sum(shift.map((r) => r.after)) > 0)
	assert.deepEqual(
		shift.filter((r) => r.before > 0).map((r) => [r.cause, r.before]).sort(),
		before.map((r) => [r.cause, r.connections]).sort()
	)
	almost(sum(shift.map((r) => r.share_before)), 1, 1, 'shares before')
	almost(sum(shift.map((r) => r.shift)), 0, 1, 'all shifts')
	assert.ok(first < middle && middle < last)
	assert.ok(number(ask('time_wait_peak', { from: last })[0].peak) > 0, 'entries that began before the range')
	assert.equal(number(ask('time_wait_peak', { to: first })[0].peak), 0)
})

test('a collector writes lines to a table of logs', () => {
	db.query('CREATE DATABASE IF NOT EXISTS otel')
	db.query('CREATE TABLE otel.otel_logs (Timestamp DateTime64(9), Body String) ENGINE = MergeTree ORDER BY Timestamp')
	for (const sql of statements(readFileSync(join(contrib, 'otel.sql'), 'utf8'))) db.query(sql)
	for (const line of completeRows('--demo').split('\n').filter(Boolean).slice(0, 9)) {
		db.query(`INSERT INTO otel.otel_logs VALUES (now(), '${line.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}')`)
	}
	assert.deepEqual(ask('points').map((r) => [r.point, r.connections]), [['demo', 8]])
})

test('the dashboard asks the queries', () => {
	load(completeRows('--demo'))
	const board = JSON.parse(readFileSync(join(contrib, 'kaanalyze.dashboard.json'), 'utf8'))
	const macros = { from: '$__fromTime_ms', to: '$__toTime_ms', deploy: "parseDateTime64BestEffort(${deploy:sqlstring}, 9, 'UTC')" }
	const asked = []
	for (const panel of board.panels) {
		for (const target of panel.targets) {
			const name = readdirSync(join(contrib, 'queries')).map((f) => f.replace('.sql', '')).find((q) => query(q).replace(parameter, (_, key) => macros[key]) === target.rawSql)
			assert.ok(name, `panel "${panel.title}" has a query that is not in queries/`)
			asked.push(name)
			const sql = target.rawSql.replaceAll('$__fromTime_ms', 'fromUnixTimestamp64Milli(0)').replaceAll('$__toTime_ms', 'fromUnixTimestamp64Milli(7000000000000)').replaceAll('${deploy:sqlstring}', "'2026-11-21 02:13:43'")
			assert.ok(rows(sql).length > 0, `panel "${panel.title}" shows nothing of the demo`)
		}
	}
	assert.deepEqual(asked.sort(), readdirSync(join(contrib, 'queries')).map((f) => f.replace('.sql', '')).sort())
})

test('at least 10,000 rows a second are loaded', () => {
	const lines = completeRows('--demo').split('\n').filter((line) => line.startsWith('{"type":"connection"'))
	const points = Math.ceil(100000 / lines.length)
	let all = ''
	for (let i = 0; i < points; i++) all += lines.map((line) => line.replace('"point":"demo"', `"point":"web${i}"`)).join('\n') + '\n'
	const began = process.hrtime.bigint()
	load(all)
	const seconds = Number(process.hrtime.bigint() - began) / 1e9
	assert.equal(sum(ask('points').map((r) => r.connections)), points * lines.length)
	const rate = Math.round((points * lines.length) / seconds)
	console.log(`${points * lines.length} rows of ${Math.round(all.length / points / lines.length)} bytes in ${seconds.toFixed(2)} s: ${rate} rows/s`)
	assert.ok(rate >= 10000, `${rate} rows/s`)
})
