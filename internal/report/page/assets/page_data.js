// The script of a report's page, in order: page_data.js (what is known),
// page_charts.js, page_lanes.js (the timeline), page_table.js, page_detail.js,
// and page.js, which joins them.
//
// Text of a capture reaches the page as textContent and as pixels only. Times
// are microseconds since the first packet.

// roundSteps are microseconds that a clock shows well.
const roundSteps = [1, 10, 100, 1e3, 1e4, 1e5].flatMap(s => [s, 2 * s, 5 * s])
	.concat([1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 43200].map(s => s * 1e6));

const oneDay = 86400e6;

// unpack returns the data of the page, null if it has none.
async function unpack() {
	const node = document.getElementById("data");
	if (!node) return null;
	const text = atob(JSON.parse(node.textContent).replaceAll("-", "+").replaceAll("_", "/"));
	const bytes = Uint8Array.from(text, c => c.charCodeAt(0));
	const json = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
	return new Facts(await new Response(json).json());
}

// Facts are what the page knows of the capture.
class Facts {
	constructor(data) {
		Object.assign(this, data);
		this.end = Math.max(this.end, 1);
		this.day = (this.zero + (this.offset || 0)) % 86_400_000 * 1000 + this.zero_micro; // microseconds since midnight
		this.dated = this.day + this.end >= oneDay; // times need their date
		this.shows = this.findings.map(f => {
			let row = 0;
			return new Set(f.rows.map((d, i) => row = i ? row + d : d));
		});
		this.exchangesOf = this.indexExchanges();
	}

	// of returns the value of a column for a row; word the same as text.
	of(name, row) { return this.columns[name][row]; }
	word(name, row) { return this.words[this.columns[name][row]]; }

	// indexExchanges returns where the exchanges of a row are, in order.
	indexExchanges() {
		const rows = new Map();
		if (!this.exchanges) return rows;
		(this.exchanges.columns.row || []).forEach((row, i) => {
			if (!rows.has(row)) rows.set(row, []);
			rows.get(row).push(i);
		});
		return rows;
	}

	// ends returns client address, server address and server port of a row.
	ends(row) {
		const [client, server] = this.pairs[this.of("pair", row)].split(" -> ");
		const colon = server.lastIndexOf(":");
		return { client, server: server.slice(0, colon).replace(/[[\]]/g, ""), port: server.slice(colon + 1), shown: server };
	}

	// filter returns a Wireshark filter for a row.
	filter(row) {
		const stream = this.of("stream", row);
		if (stream !== null) return "tcp.stream eq " + stream;
		const e = this.ends(row), ip = a => (a.includes(":") ? "ipv6" : "ip") + ".addr eq " + a;
		return `${ip(e.client)} and ${ip(e.server)} and tcp.port eq ${this.of("port", row)} and tcp.port eq ${e.port}`;
	}

	// who returns the client's endpoint and the server's.
	who(row) {
		const e = this.ends(row), port = this.of("port", row);
		return (e.client.includes(":") ? `[${e.client}]` : e.client) + ":" + port + " \u2192 " + e.shown;
	}

	// haystack returns what the text filter looks in.
	haystack(row) {
		return [this.of("id", row), this.pairs[this.of("pair", row)], this.of("port", row),
			...["cause", "close", "protocol", "handshake", "by"].map(c => this.word(c, row))].join(" ").toLowerCase();
	}

	// ticks returns times at round steps of the clock, at most that many.
	ticks(from, to, most) {
		const step = roundSteps.find(s => (to - from) / s <= most) || Math.ceil((to - from) / most / oneDay) * oneDay;
		const list = [];
		for (let t = Math.ceil((from + this.day) / step) * step - this.day; t <= to; t += step) list.push(t);
		return list;
	}

	// label returns a tick in words.
	label(us, ticks) {
		const step = ticks[1] - ticks[0], iso = this.iso(us);
		if (step >= oneDay) return iso.slice(0, 10);
		if (step >= 3600e6 && this.dated) return iso.slice(5, 16);
		return iso.slice(11, step < 1000 ? 26 : step < 1e6 ? 23 : 19);
	}

	// clock returns the time of day, with the date where the capture has more
	// than one, then to the second; exact gives microseconds.
	clock(us, exact) { return this.iso(us).slice(this.dated ? 0 : 11, exact ? 26 : this.dated ? 19 : 23); }

	// iso returns date and time to the microsecond.
	iso(us) {
		const t = (this.zero + (this.offset || 0)) * 1000 + this.zero_micro + us; // below 2^53
		return new Date(Math.floor(t / 1000)).toISOString().slice(0, 23).replace("T", " ") + String(Math.floor(t % 1000)).padStart(3, "0");
	}
}

const grouped = n => n === null ? "unknown" : String(n).replace(/\B(?=(\d{3})+$)/g, ",");

const plural = (n, word) => grouped(n) + " " + word + (n === 1 ? "" : "s");

// lasting returns a duration in the words of the other formats.
function lasting(us) {
	if (us === null) return "unknown";
	const s = us / 1e6;
	if (us === 0) return "0 s";
	if (us < 1000) return us + " us";
	if (us < 999950) return (us / 1000).toFixed(1) + " ms";
	if (s < 9.9995) return s.toFixed(3) + " s";
	if (s < 99.95) return +s.toFixed(1) + " s";
	if (s < 3 * 3600) return grouped(Math.round(s)) + " s";
	const [n, unit] = s < 72 * 3600 ? [s / 3600, " h"] : [s / 86400, " days"];
	return grouped(n < 999.95 ? +n.toFixed(1) : Math.round(n)) + unit;
}

// el makes an element with text or children.
function el(tag, properties, ...children) {
	const node = Object.assign(document.createElement(tag), properties);
	node.append(...children);
	return node;
}

const $ = id => document.getElementById(id);

// colour returns a colour of the style sheet, by name.
const colour = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
