// The table of connections. Only rows that are in sight are in the page.

const rowHeight = 26;

// columns of the table: what is shown, and what it is sorted by.
const tableColumns = [
	{ name: "id", title: "id", number: true, show: (f, r) => grouped(f.of("id", r)), key: (f, r) => f.of("id", r) },
	{ name: "who", title: "client \u2192 server", show: (f, r) => f.who(r), key: (f, r) => f.pairs[f.of("pair", r)] + String(f.of("port", r)).padStart(6) },
	{ name: "start", title: "start", show: (f, r) => f.clock(f.of("start", r)), key: (f, r) => f.of("start", r) },
	{ name: "lasts", title: "lasts", number: true, show: (f, r) => lasting(f.of("lasts", r)), key: (f, r) => f.of("lasts", r) },
	{ name: "requests", title: "requests", number: true, show: (f, r) => f.of("requests", r) !== null ? grouped(f.of("requests", r)) : f.of("estimated", r) ? grouped(f.of("estimated", r) - 1) + " est." : "-", key: (f, r) => f.of("requests", r) ?? (f.of("estimated", r) || 0) - 1 },
	{ name: "close", title: "close", show: (f, r) => f.word("close", r), key: (f, r) => f.word("close", r) },
	{ name: "began", title: "first", show: (f, r) => f.word("began", r) || "-", key: (f, r) => f.word("began", r) },
	{ name: "wait", title: "TIME_WAIT", show: (f, r) => f.word("wait", r) || "-", key: (f, r) => f.word("wait", r) },
	{ name: "cause", title: "not reused: cause", show: (f, r) => f.word("cause", r), key: (f, r) => f.word("cause", r) },
];

class Table {
	constructor(facts, choice) {
		Object.assign(this, { facts, choice });
		this.box = $("table");
		this.room = $("table-room");
		this.box.parentNode.classList.toggle("dated", facts.dated);
		this.heads = tableColumns.map(c => this.head(c));
		$("heads").append(...this.heads);
		this.box.addEventListener("scroll", () => this.draw());
		this.box.addEventListener("keydown", e => this.key(e));
		this.box.addEventListener("click", e => {
			const row = e.target.closest(".row");
			if (row) choice.select(+row.dataset.row);
		});
		new ResizeObserver(() => this.draw()).observe(this.box);
		choice.onRows(() => this.sort());
		choice.onSelect(() => this.reveal());
		this.by = "id";
		this.down = false;
	}

	head(c) {
		const button = el("button", { type: "button", textContent: c.title });
		button.addEventListener("click", () => {
			this.down = this.by === c.name ? !this.down : !!c.number && c.name !== "id";
			this.by = c.name;
			this.sort();
		});
		const cell = el("div", { className: c.number ? "n" : "", role: "columnheader" }, button);
		cell.dataset.column = c.name;
		return cell;
	}

	// sort puts the rows of the choice in order.
	sort() {
		const c = tableColumns.find(c => c.name === this.by), sign = this.down ? -1 : 1;
		const keys = new Map(this.choice.rows.map(r => [r, c.key(this.facts, r)]));
		this.rows = this.choice.rows.slice().sort((a, b) => {
			const x = keys.get(a), y = keys.get(b);
			return sign * (x < y ? -1 : x > y ? 1 : 0) || a - b;
		});
		this.heads.forEach((h, i) => {
			const is = tableColumns[i].name === this.by;
			h.setAttribute("aria-sort", is ? (this.down ? "descending" : "ascending") : "none");
			h.firstChild.textContent = tableColumns[i].title + (is ? (this.down ? " \u25be" : " \u25b4") : "");
		});
		this.room.style.height = this.rows.length * rowHeight + "px";
		this.box.style.height = Math.max(60, Math.min(352, this.rows.length * rowHeight + 4)) + "px";
		this.box.setAttribute("aria-rowcount", this.rows.length);
		this.box.scrollTop = 0;
		this.draw();
	}

	draw() {
		if (!this.rows) return;
		const first = Math.max(0, Math.floor(this.box.scrollTop / rowHeight) - 4);
		const last = Math.min(this.rows.length, first + Math.ceil(this.box.clientHeight / rowHeight) + 9);
		const nodes = [];
		for (let i = first; i < last; i++) nodes.push(this.row(i));
		this.room.replaceChildren(...nodes);
	}

	// told returns how many rows paper shows, of how many; nothing if it shows all.
	told() {
		const n = Math.floor(this.box.clientHeight / rowHeight);
		return n >= this.rows.length ? "" : `On paper: ${grouped(n)} of ${plural(this.rows.length, "connection")}. The page shows the others when scrolled; -o FILE.csv lists them.`;
	}

	row(i) {
		const r = this.rows[i], is = r === this.choice.selected;
		const node = el("div", { className: "row", role: "row", id: "row-" + r }, ...tableColumns.map(c => {
			const textContent = c.show(this.facts, r);
			return el("div", { className: c.number ? "n" : "", role: "gridcell", textContent, title: c.name === "who" ? textContent : "" }); // which may be cut
		}));
		node.dataset.row = r;
		node.setAttribute("aria-rowindex", i + 1);
		node.setAttribute("aria-selected", is);
		node.style.top = i * rowHeight + "px";
		return node;
	}

	// reveal scrolls to the selected row.
	reveal() {
		const i = this.rows.indexOf(this.choice.selected);
		if (i >= 0) {
			const top = i * rowHeight, box = this.box;
			if (top < box.scrollTop) box.scrollTop = top;
			else if (top + rowHeight > box.scrollTop + box.clientHeight) box.scrollTop = top + rowHeight - box.clientHeight;
			box.setAttribute("aria-activedescendant", "row-" + this.choice.selected);
		}
		this.draw();
	}

	key(e) {
		const page = Math.max(1, Math.floor(this.box.clientHeight / rowHeight) - 1), last = this.rows.length - 1;
		const at = this.rows.indexOf(this.choice.selected);
		const to = { ArrowDown: at + 1, ArrowUp: at < 0 ? last : at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: last }[e.key];
		if (e.key === "Enter") $("detail").focus();
		else if (to === undefined || last < 0) return;
		else this.choice.select(this.rows[Math.min(last, Math.max(0, to))]);
		e.preventDefault();
	}
}
