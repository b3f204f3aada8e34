// The timeline: one lane for each connection, grouped by client and server.
// Only lanes that are in sight are drawn.

const laneHeight = 13, groupHeight = 24, axisHeight = 22, gutter = 64;

class Lanes {
	constructor(facts, choice, time) {
		Object.assign(this, { facts, choice, time });
		this.box = $("lanes");
		this.canvas = $("timeline");
		this.room = $("lanes-room");
		this.rows = this.items = this.tops = [];
		this.place = new Map();
		this.box.addEventListener("scroll", () => this.soon());
		this.box.addEventListener("wheel", e => this.wheel(e), { passive: false });
		this.canvas.addEventListener("pointerdown", e => this.drag(e));
		this.canvas.addEventListener("dblclick", () => time.show(0, facts.end));
		this.box.addEventListener("keydown", e => this.key(e));
		new ResizeObserver(() => this.soon()).observe(this.box);
		time.onChange(() => this.layOut());
		choice.onRows(() => this.arrange());
		choice.onSelect(() => this.reveal());
		this.legend();
	}

	// arrange puts the rows of the choice in the order of their lanes.
	arrange() {
		const f = this.facts, pair = f.columns.pair, start = f.columns.start;
		this.rows = Array.from(this.choice.rows);
		this.rows.sort((a, b) => pair[a] - pair[b] || start[a] - start[b] || a - b);
		this.layOut();
	}

	// gone returns when nothing is left of a row: no packet, no TIME_WAIT.
	gone(row) {
		const f = this.facts;
		let lasts = f.word("close", row) === "open" ? Infinity : f.of("lasts", row);
		for (const side of ["wait_client", "wait_server"]) {
			if (f.of(side, row) !== null) lasts = Math.max(lasts, f.of(side, row) + f.of(side + "_lasts", row));
		}
		return f.of("start", row) + lasts;
	}

	// layOut gives each row its lane, unless nothing of it is in the time shown.
	layOut() {
		const pair = this.facts.columns.pair, start = this.facts.columns.start;
		const rows = this.rows.filter(r => start[r] <= this.time.to && this.gone(r) >= this.time.from);
		this.items = [];
		this.tops = [];
		this.place.clear();
		let top = axisHeight, group;
		for (const row of rows) {
			if (!group || pair[row] !== group.pair) {
				group = { pair: pair[row], n: 0 };
				this.items.push(group);
				this.tops.push(top);
				top += groupHeight;
			}
			group.n++;
			this.place.set(row, this.items.length);
			this.items.push({ row });
			this.tops.push(top);
			top += laneHeight;
		}
		this.height = top;
		this.box.style.height = Math.max(90, Math.min(416, top + 8)) + "px";
		this.soon();
	}

	soon() {
		if (this.waiting) return;
		this.waiting = true;
		requestAnimationFrame(() => {
			this.waiting = false;
			this.draw();
		});
	}

	// x returns where a time is, at where the place x is in time.
	x(us) { return gutter + (us - this.time.from) / (this.time.to - this.time.from) * (this.wide - gutter - 8); }
	at(x) { return this.time.from + (x - gutter) / (this.wide - gutter - 8) * (this.time.to - this.time.from); }

	// first returns the first item whose lane ends below y.
	first(y) {
		let low = 0, high = this.tops.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (this.tops[middle] + groupHeight < y) low = middle + 1; else high = middle;
		}
		return low;
	}

	draw() {
		const box = this.box, scale = window.devicePixelRatio || 1;
		const wide = box.clientWidth, high = box.clientHeight;
		this.room.style.height = Math.max(0, (this.height || 0) - high) + "px";
		this.wide = wide;
		const c = this.canvas;
		if (c.width !== Math.round(wide * scale) || c.height !== Math.round(high * scale)) {
			c.width = Math.round(wide * scale);
			c.height = Math.round(high * scale);
			c.style.width = wide + "px";
			c.style.height = high + "px";
		}
		this.paint = Object.fromEntries(["ground", "raised", "line", "text", "soft", "client", "server", "busy", "idle", "picked", "accent"].map(n => [n, colour(n)]));
		const g = this.g = c.getContext("2d");
		g.setTransform(scale, 0, 0, scale, 0, 0);
		g.clearRect(0, 0, wide, high);
		const top = box.scrollTop;
		for (let i = this.first(top); i < this.items.length && this.tops[i] < top + high; i++) {
			const y = this.tops[i] - top, item = this.items[i];
			if (item.row === undefined) this.group(item, y); else this.lane(item.row, y);
		}
		this.axis(high);
		if (this.dragged) {
			g.fillStyle = this.paint.accent;
			g.globalAlpha = 0.2;
			g.fillRect(Math.min(...this.dragged), axisHeight, Math.abs(this.dragged[0] - this.dragged[1]), high);
			g.globalAlpha = 1;
		}
		if (!this.items.length) this.text("No connection passes the filter in this time.", gutter, 44, this.paint.soft);
	}

	text(s, x, y, style, font) {
		const g = this.g;
		g.font = font || "11px system-ui, sans-serif";
		g.fillStyle = style;
		g.fillText(s, x, y);
	}

	axis(high) {
		const g = this.g, p = this.paint;
		g.fillStyle = p.raised;
		g.fillRect(0, 0, this.wide, axisHeight);
		const ticks = this.facts.ticks(this.time.from, this.time.to, (this.wide - gutter) / 110);
		g.strokeStyle = p.line;
		g.lineWidth = 1;
		for (const t of ticks) {
			const x = Math.round(this.x(t)) + 0.5;
			g.globalAlpha = 0.6;
			g.beginPath();
			g.moveTo(x, axisHeight);
			g.lineTo(x, high);
			g.stroke();
			g.globalAlpha = 1;
			if (x < this.wide - 60) this.text(this.facts.label(t, ticks), x + 3, 15, p.soft);
		}
		this.text("id", 8, 15, p.soft);
	}

	group(item, y) {
		const g = this.g;
		g.fillStyle = this.paint.raised;
		g.fillRect(0, y + 4, this.wide, groupHeight - 6);
		this.text(`${this.facts.pairs[item.pair].replace("->", "\u2192")}   ${grouped(item.n)}`, 8, y + 17, this.paint.text, "600 12px system-ui, sans-serif");
	}

	lane(row, y) {
		const f = this.facts, g = this.g, p = this.paint, middle = y + laneHeight / 2;
		const start = f.of("start", row), end = start + f.of("lasts", row);
		if (row === this.choice.selected) {
			g.fillStyle = p.picked;
			g.fillRect(0, y, this.wide, laneHeight);
		}
		this.text(grouped(f.of("id", row)), 8, y + 10, row === this.choice.selected ? p.text : p.soft, "10px system-ui, sans-serif");
		g.save();
		g.beginPath();
		g.rect(gutter - 6, y, this.wide - gutter, laneHeight);
		g.clip();
		const kind = f.word("close", row), shut = f.of("closed", row);
		this.bar(start, shut === null || kind === "half_closed" ? (kind === "open" ? f.end : end) : Math.max(start + shut, start), middle, 2, p.idle);
		const connect = f.of("connect", row);
		if (connect !== null) this.bar(start, start + connect, middle, 6, p.soft);
		this.exchanges(row, start, end, middle);
		this.probes(row, start, end, middle);
		for (const side of ["client", "server"]) {
			this.tail(side, f.of("wait_" + side, row), f.of(`wait_${side}_lasts`, row), start, middle);
		}
		for (const side of ["client", "server"]) {
			const fin = f.of("fin_" + side, row), rst = f.of("rst_" + side, row);
			if (fin !== null) this.fin(this.x(start + fin), middle, side);
			if (rst !== null) this.rst(this.x(start + rst), middle, side);
		}
		g.restore();
	}

	bar(from, to, middle, thick, style) {
		const g = this.g, x = Math.max(this.x(from), -10), end = Math.min(this.x(to), this.wide + 10);
		if (end < x) return;
		g.fillStyle = style;
		g.fillRect(x, middle - thick / 2, Math.max(1, end - x), thick);
	}

	// exchanges draws those that are known, else the last one, and a hollow bar
	// from where to where there were others, at times that are not known.
	exchanges(row, start, end, middle) {
		const f = this.facts, list = f.exchangesOf.get(row);
		if (list) {
			const c = f.exchanges.columns;
			for (const i of list) this.bar(c.at[i], c.done[i] === null ? end : c.at[i] + c.done[i], middle, 8, this.paint.busy);
			return;
		}
		const asked = f.of("asked", row), done = f.of("done", row);
		if (asked === null) return;
		if (f.of("requests", row) > 1) this.hollow(this.x(start + (f.of("connect", row) || 0)), this.x(start + asked), middle);
		this.bar(start + asked, done === null || done < asked ? start + (f.of("closed", row) ?? f.of("lasts", row)) : start + done, middle, 8, this.paint.busy);
	}

	hollow(from, to, middle) {
		const g = this.g;
		g.strokeStyle = this.paint.busy;
		g.lineWidth = 1;
		g.setLineDash([3, 2]);
		g.strokeRect(Math.max(from, -20) + 0.5, middle - 3.5, Math.max(1, Math.min(to, (this.wide || 26) + 20) - Math.max(from, -20) - 1), 7);
		g.setLineDash([]);
	}

	// probes draws a mark where the probes of the last silence began.
	probes(row, start, end, middle) {
		const f = this.facts, g = this.g;
		for (const side of ["client", "server"]) {
			const sent = f.of("probes_" + side, row);
			if (!sent) continue;
			const quiet = (f.of("done", row) ?? f.of("connect", row) ?? 0) + (f.of("probe_idle_" + side, row) ?? 0);
			const every = f.of("probe_interval_" + side, row);
			for (let i = 0; i < Math.min(sent, every ? 200 : 1); i++) {
				const at = start + quiet + i * (every || 0);
				if (at > end) break;
				const x = this.x(at), up = side === "client" ? -1 : 1;
				g.strokeStyle = this.paint[side];
				g.lineWidth = 1.5;
				g.beginPath();
				g.moveTo(x, middle);
				g.lineTo(x, middle + up * 6);
				g.stroke();
			}
		}
	}

	tail(side, from, lasts, start, middle) {
		if (from === null || !lasts) return;
		const g = this.g, y = middle + (side === "client" ? -1 : 1);
		g.strokeStyle = this.paint[side];
		g.lineWidth = 1.5;
		g.setLineDash(side === "client" ? [2, 3] : [7, 3]);
		g.beginPath();
		g.moveTo(Math.max(this.x(start + from), -20), y);
		g.lineTo(Math.min(this.x(Math.min(start + from + lasts, this.facts.end)), this.wide), y);
		g.stroke();
		g.setLineDash([]);
	}

	// fin and rst mark who ended it: the client's marks stand above and point
	// up, the server's below; an RST is a cross.
	fin(x, y, side) {
		const g = this.g, up = side === "client" ? -1 : 1;
		g.fillStyle = this.paint[side];
		g.beginPath();
		g.moveTo(x, y + up * 6.5);
		g.lineTo(x - 4, y);
		g.lineTo(x + 4, y);
		g.fill();
	}

	rst(x, y, side) {
		const g = this.g, [a, b] = side === "client" ? [[4, 4], [4, -4]] : [[5, 0], [0, 5]];
		g.strokeStyle = this.paint[side];
		g.lineWidth = 2;
		g.beginPath();
		for (const [dx, dy] of [a, b]) {
			g.moveTo(x - dx, y - dy);
			g.lineTo(x + dx, y + dy);
		}
		g.stroke();
	}

	// legend draws a sample of each mark beside its name.
	legend() {
		const box = $("legend"), scale = window.devicePixelRatio || 1;
		box.replaceChildren();
		const sample = (name, draw) => {
			const c = el("canvas", { width: 26 * scale, height: 14 * scale, ariaHidden: "true" });
			c.style.width = "26px";
			c.style.height = "14px";
			this.g = c.getContext("2d");
			this.g.scale(scale, scale);
			draw(this.g);
			box.append(el("span", {}, c, name));
		};
		this.paint = Object.fromEntries(["client", "server", "busy", "idle", "soft"].map(n => [n, colour(n)]));
		const fill = (thick, name) => g => {
			g.fillStyle = this.paint[name];
			g.fillRect(2, 7 - thick / 2, 22, thick);
		};
		const stroke = (name, dash, up) => g => {
			g.strokeStyle = this.paint[name];
			g.lineWidth = 1.5;
			g.setLineDash(dash);
			g.beginPath();
			g.moveTo(up ? 13 : 2, 7);
			g.lineTo(up ? 13 : 24, up ? 7 + up * 6 : 7);
			g.stroke();
		};
		sample("opening", fill(6, "soft"));
		const x = this.facts.exchanges, hollow = () => this.hollow(2, 24, 7);
		sample(x ? "exchange" : "last exchange", fill(8, "busy"));
		if (!x) sample("earlier ones, at times that are not here: see --exchanges", hollow);
		else if (x.without) sample("earlier ones that this page leaves out", hollow);
		sample("idle", fill(2, "idle"));
		sample("FIN of the client", () => this.fin(13, 7, "client"));
		sample("FIN of the server", () => this.fin(13, 7, "server"));
		sample("RST of the client", () => this.rst(13, 7, "client"));
		sample("RST of the server", () => this.rst(13, 7, "server"));
		sample("TIME_WAIT at the client", stroke("client", [2, 3]));
		sample("TIME_WAIT at the server", stroke("server", [7, 3]));
		if (this.facts.columns.probes_client?.some(n => n)) sample("probes of the client, about there", stroke("client", [], -1));
		if (this.facts.columns.probes_server?.some(n => n)) sample("probes of the server, about there", stroke("server", [], 1));
	}

	// reveal scrolls to the selected lane.
	reveal() {
		const i = this.place.get(this.choice.selected);
		if (i !== undefined) {
			const top = this.tops[i], box = this.box;
			if (top - axisHeight < box.scrollTop) box.scrollTop = top - axisHeight - groupHeight;
			else if (top + laneHeight > box.scrollTop + box.clientHeight) box.scrollTop = top + 2 * laneHeight - box.clientHeight;
		}
		this.soon();
	}

	wheel(e) {
		if (!e.ctrlKey && !e.shiftKey) return;
		e.preventDefault();
		const amount = e.deltaY || e.deltaX;
		if (e.shiftKey) this.time.pan(Math.sign(amount) * 0.1);
		else this.time.zoom(amount > 0 ? 1.25 : 0.8, this.at(e.offsetX));
	}

	// drag selects a time, or a connection if it does not move.
	drag(e) {
		if (e.button !== 0) return;
		const from = e.offsetX;
		this.canvas.setPointerCapture(e.pointerId);
		const move = m => {
			this.dragged = [from, m.offsetX];
			this.soon();
		};
		const up = u => {
			this.canvas.removeEventListener("pointermove", move);
			this.canvas.removeEventListener("pointerup", up);
			this.dragged = undefined;
			if (Math.abs(u.offsetX - from) > 4) this.time.show(...[this.at(from), this.at(u.offsetX)].sort((a, b) => a - b));
			else this.pick(u.offsetY + this.box.scrollTop);
			this.soon();
		};
		this.canvas.addEventListener("pointermove", move);
		this.canvas.addEventListener("pointerup", up);
	}

	pick(y) {
		const i = this.tops.findIndex((top, i) => this.items[i].row !== undefined && y >= top && y < top + laneHeight);
		if (i >= 0) this.choice.select(this.items[i].row);
	}

	key(e) {
		const step = d => {
			let i = this.place.get(this.choice.selected);
			i = i === undefined ? (d > 0 ? 0 : this.items.length - 1) : i + d;
			while (this.items[i] && this.items[i].row === undefined) i += Math.sign(d);
			if (this.items[i]) this.choice.select(this.items[i].row);
		};
		const keys = {
			ArrowDown: () => step(1), ArrowUp: () => step(-1), PageDown: () => step(20), PageUp: () => step(-20),
			ArrowLeft: () => this.time.pan(-0.2), ArrowRight: () => this.time.pan(0.2),
			"+": () => this.time.zoom(0.5), "=": () => this.time.zoom(0.5), "-": () => this.time.zoom(2), "0": () => this.time.show(0, this.facts.end),
			Enter: () => $("detail").focus(),
		};
		if (e.ctrlKey || e.metaKey || e.altKey || !keys[e.key]) return;
		e.preventDefault();
		keys[e.key]();
	}
}
