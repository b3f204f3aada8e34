// What is shown, and who is told when it changes.

// Time is the part of the capture that all views show.
class Time {
	constructor(end) {
		Object.assign(this, { end, from: 0, to: end, told: [] });
	}

	onChange(tell) { this.told.push(tell); }

	// show shows a part, of at least 10 microseconds.
	show(from, to) {
		const span = Math.min(Math.max(to - from, 10), this.end);
		this.from = Math.min(Math.max(from, 0), this.end - span);
		this.to = this.from + span;
		this.told.forEach(tell => tell());
	}

	zoom(factor, around) {
		const middle = around ?? (this.from + this.to) / 2;
		this.show(middle - (middle - this.from) * factor, middle + (this.to - middle) * factor);
	}

	pan(share) {
		const d = (this.to - this.from) * share;
		this.show(this.from + d, this.to + d);
	}
}

// Choice is which connections are shown, and which one is selected.
class Choice {
	constructor(facts) {
		Object.assign(this, { facts, finding: -1, text: "", selected: -1, rows: [], rowsTold: [], selectTold: [] });
	}

	onRows(tell) { this.rowsTold.push(tell); }
	onSelect(tell) { this.selectTold.push(tell); }

	// filter shows the connections of a finding (-1 for all) that hold each word.
	filter(finding, text) {
		const f = this.facts, words = text.toLowerCase().split(/\s+/).filter(w => w);
		this.finding = finding;
		this.text = text;
		if (words.length && !this.haystacks) this.haystacks = Array.from({ length: f.rows }, (_, r) => f.haystack(r));
		this.rows = [];
		for (let r = 0; r < f.rows; r++) {
			if (finding >= 0 && !f.shows[finding].has(r)) continue;
			if (words.every(w => this.haystacks[r].includes(w))) this.rows.push(r);
		}
		this.rowsTold.forEach(tell => tell());
	}

	select(row) {
		this.selected = row;
		this.selectTold.forEach(tell => tell());
	}
}

// findings lets the findings of the page choose connections.
function findings(facts, choice, time) {
	const cards = [...document.querySelectorAll(".finding")];
	cards.forEach(card => {
		const n = +card.dataset.finding, pick = card.querySelector(".pick");
		if (!facts.shows[n] || !facts.shows[n].size) return;
		pick.hidden = false;
		const choose = () => {
			const off = choice.finding === n;
			choice.filter(off ? -1 : n, choice.text);
			if (off) return;
			time.show(0, facts.end);
			choice.select(choice.rows[0]);
			$("explore-heading").scrollIntoView({ block: "start" });
		};
		pick.addEventListener("click", choose);
		card.querySelector("h3").addEventListener("click", choose);
	});
	choice.onRows(() => cards.forEach(card => {
		const is = +card.dataset.finding === choice.finding;
		card.classList.toggle("picked", is);
		card.querySelector(".pick").setAttribute("aria-pressed", is);
	}));
}

// controls joins the filter and the buttons with what they change.
function controls(facts, choice, time) {
	let soon;
	$("filter").addEventListener("input", () => {
		clearTimeout(soon);
		soon = setTimeout(() => choice.filter(choice.finding, $("filter").value), 80);
	});
	$("clear").addEventListener("click", () => {
		$("filter").value = "";
		choice.filter(-1, "");
	});
	choice.onRows(() => {
		const finding = choice.finding < 0 ? "" : ", of " + facts.findings[choice.finding].rule;
		$("shown").textContent = `${grouped(choice.rows.length)} of ${grouped(facts.rows)} connections${finding}`;
		$("clear").hidden = choice.finding < 0 && !choice.text;
	});
	const range = () => $("range").textContent = `${facts.clock(time.from)} to ${facts.clock(time.to)} ${facts.zone || "UTC"}, ${lasting(Math.round(time.to - time.from))}`;
	time.onChange(range);
	range();
	const press = { earlier: () => time.pan(-0.25), later: () => time.pan(0.25), closer: () => time.zoom(0.5), wider: () => time.zoom(2), everything: () => time.show(0, facts.end) };
	for (const id in press) $(id).addEventListener("click", press[id]);
}

// repaint draws canvases anew when their colours change: in the dark, on paper.
function repaint(charts, lanes, table) {
	const all = () => {
		charts.plots.length && charts.draw();
		lanes.legend();
		lanes.draw();
	};
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
	const closed = [];
	addEventListener("beforeprint", () => {
		document.documentElement.classList.add("printing");
		$("paper").textContent = table.told();
		document.querySelectorAll("details:not([open])").forEach(d => closed.push(d) && (d.open = true));
		all();
	});
	addEventListener("afterprint", () => {
		document.documentElement.classList.remove("printing");
		closed.splice(0).forEach(d => d.open = false);
		all();
	});
}

async function main() {
	document.querySelectorAll("button.copy[data-copy]").forEach(b => {
		b.hidden = false;
		b.addEventListener("click", () => copy(b.dataset.copy, b));
	});
	const facts = await unpack();
	if (!facts) return;
	$("explore").hidden = false;
	const time = new Time(facts.end), choice = new Choice(facts);
	const charts = new Charts(facts, $("charts"), time), lanes = new Lanes(facts, choice, time), table = new Table(facts, choice);
	new Detail(facts, choice);
	findings(facts, choice, time);
	controls(facts, choice, time);
	repaint(charts, lanes, table);
	choice.filter(-1, "");
}

// edges fades what a table shows at its right edge while there is more behind it: a number
// that is cut there would look like another one.
function edges() {
	for (const box of document.querySelectorAll(".tablescroll")) {
		const tell = () => box.classList.toggle("more", box.scrollWidth - box.clientWidth - box.scrollLeft > 1);
		box.addEventListener("scroll", tell, { passive: true });
		new ResizeObserver(tell).observe(box);
	}
}

edges();
main().then(() => requestAnimationFrame(() => {
	performance.mark("ready");
	document.documentElement.dataset.ready = "yes";
}));
