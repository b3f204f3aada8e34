// The facts of one connection, with packet numbers.

class Detail {
	constructor(facts, choice) {
		Object.assign(this, { facts, choice });
		this.box = $("detail");
		choice.onSelect(() => this.draw());
	}

	draw() {
		const f = this.facts, r = this.choice.selected;
		if (r < 0) return;
		const list = el("dl", {});
		const fact = (name, value) => value && list.append(el("dt", { textContent: name }), el("dd", { textContent: value }));
		fact("opened", `${f.clock(f.of("start", r), true)}, ${f.word("handshake", r)}` + (f.of("connect", r) === null ? "" : " in " + lasting(f.of("connect", r))) +
			(f.of("syns", r) ? `, ${grouped(f.of("syns", r))} SYN again` : ""));
		fact("lasts", lasting(f.of("lasts", r)));
		fact("carried", this.carried(r));
		fact("TLS", f.word("tls", r) && f.word("tls", r) + (f.of("tls_handshake", r) ? ", " + lasting(f.of("tls_handshake", r)) : ""));
		for (const said of f.word("h2", r).split("\n")) fact(...said.split(/: (.*)/));
		fact("proxied for", f.word("proxied", r));
		fact("packets", `client ${grouped(f.of("packets_client", r))}, server ${grouped(f.of("packets_server", r))}`);
		fact("bytes", `client ${grouped(f.of("bytes_client", r))}, server ${grouped(f.of("bytes_server", r))}`);
		fact("longest idle", f.of("idle", r) === null ? "" : lasting(f.of("idle", r)));
		fact("probes", ["client", "server"].map(s => this.probes(s, r)).filter(s => s).join("; "));
		fact("sent again", ["client", "server"].filter(s => f.of("resent_" + s, r)).map(s => `${s} ${grouped(f.of("resent_" + s, r))}`).join(", "));
		fact("not captured", f.of("missing", r) ? grouped(f.of("missing", r)) + " bytes" : "");
		fact("close", `${f.word("close", r)} (${f.word("close_means", r)})` + (f.of("inferred", r) ? "; a FIN was not captured" : ""));
		fact("TIME_WAIT", f.word("wait", r));
		if (f.word("meaning", r)) {
			fact("not reused", `${f.word("cause", r)}: ${f.word("meaning", r)}`);
			fact("observed", `${f.word("observed", r)} (confidence: ${f.word("confidence", r)})`);
		}
		const filter = f.filter(r), id = f.of("id", r);
		this.box.className = "told";
		this.box.replaceChildren(
			el("h3", { id: "detail-heading", textContent: "Connection " + id }),
			el("p", { textContent: f.who(r) }), list,
			el("h4", { textContent: "In Wireshark" }), el("p", {}, el("code", { textContent: filter }), " ", copyButton(filter)),
			el("h4", { textContent: "Events" }), this.events(r), ...this.exchanges(r),
			el("p", { className: "note", textContent: "Packet by packet: the same command with --conn " + id }));
		$("said").textContent = `Connection ${id}, ${f.who(r)}, ${f.word("cause", r)}`;
	}

	carried(r) {
		const f = this.facts, protocol = f.word("protocol", r), n = f.of("requests", r);
		if (!protocol) return "no data";
		if (n === null && f.of("estimated", r)) return `${protocol}, ${plural(f.of("estimated", r) - 1, "request")} (estimated)`;
		return n === null ? protocol + ", requests unknown" : `${protocol}, ${plural(n, "request")}, ${plural(f.of("responses", r), "response")}`;
	}

	probes(side, r) {
		const f = this.facts, n = f.of("probes_" + side, r);
		if (!n) return "";
		const idle = f.of("probe_idle_" + side, r), every = f.of("probe_interval_" + side, r);
		return `${side} ${grouped(n)}, ${grouped(f.of("answered_" + side, r))} answered` + (idle === null ? "" : ", first after " + lasting(idle)) + (every === null ? "" : ", every " + lasting(every));
	}

	// events lists what is known by time.
	events(r) {
		const f = this.facts, list = [[0, "", "first packet"]];
		const add = (name, what, packet) => f.of(name, r) !== null && list.push([f.of(name, r), packet && f.of(packet, r) || "", what]);
		if (f.of("connect", r) !== null) list.push([f.of("connect", r), "", "handshake complete"]);
		add("asked", f.of("requests", r) > 1 ? "last request" : "request", "asked_packet");
		if (f.of("asked", r) !== null) add("answered", "its response begins");
		add("done", "last response complete");
		for (const side of ["client", "server"]) {
			add("fin_" + side, "FIN of the " + side, `fin_${side}_packet`);
			add("rst_" + side, "RST of the " + side, `rst_${side}_packet`);
			add("wait_" + side, "TIME_WAIT begins at the " + side);
		}
		list.push([f.of("lasts", r), "", "last packet"]);
		list.sort((a, b) => a[0] - b[0]);
		return rowsTable(["after", "packet", "what"], list.map(([at, packet, what]) => [lasting(at), String(packet), what]));
	}

	exchanges(r) {
		const f = this.facts, list = f.exchangesOf.get(r);
		if (!list) {
			if (!f.exchanges || !f.of("requests", r)) return [];
			return [el("h4", { textContent: "Exchanges" }), el("p", { className: "note", textContent: `Left out: this page holds ${grouped(f.exchanges.held)} of ${plural(f.exchanges.all, "exchange")}.` })];
		}
		const most = 100, c = f.exchanges.columns, streams = list.some(i => c.stream[i]), text = i => f.exchanges.texts[i];
		const rows = list.slice(0, most).map(i => [String(c.n[i]), `${text(c.method[i])} ${text(c.target[i])}`, c.status[i] ? String(c.status[i]) : "none",
			c.server[i] === null ? "-" : lasting(c.server[i]), c.request_packet[i] + (c.response_packet[i] ? ", " + c.response_packet[i] : ""), ...streams ? [String(c.stream[i])] : []]);
		const out = [el("h4", { textContent: "Exchanges" }), rowsTable(["n", "request", "status", "server", "packets", ...streams ? ["stream"] : []], rows)];
		if (list.length > most) out.push(el("p", { textContent: `and ${grouped(list.length - most)} more` }));
		return out;
	}
}

// rowsTable returns a small table.
function rowsTable(heads, rows) {
	return el("table", {},
		el("thead", {}, el("tr", {}, ...heads.map(h => el("th", { textContent: h, scope: "col" })))),
		el("tbody", {}, ...rows.map(row => el("tr", {}, ...row.map(c => el("td", { textContent: c }))))));
}

function copyButton(text) {
	const b = el("button", { type: "button", className: "copy", textContent: "Copy" });
	b.addEventListener("click", () => copy(text, b));
	return b;
}

// copy puts text on the clipboard, and says so.
async function copy(text, button) {
	try {
		await navigator.clipboard.writeText(text);
	} catch {
		const field = el("textarea", { value: text });
		document.body.append(field);
		field.select();
		document.execCommand("copy");
		field.remove();
		button.focus();
	}
	button.textContent = "Copied";
	setTimeout(() => button.textContent = "Copy", 1500);
}
