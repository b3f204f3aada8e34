// The charts share their cursor and the time that they show.

// wholeSteps are what an axis of counts is divided by.
const wholeSteps = Array.from({ length: 12 }, (_, i) => 10 ** i).flatMap(n => [n, 2 * n, 5 * n]);

class Charts {
	constructor(facts, box, time) {
		this.facts = facts;
		this.box = box;
		this.time = time;
		this.plots = [];
		if (!facts.series || !box) return;
		const s = facts.series;
		this.starts = s.opened.map((_, i) => s.start / 1e6 + i * s.step);
		// Each step has its two ends, so that one between two without a value shows.
		this.seconds = this.starts.flatMap((t, i) => [t, this.starts[i + 1] ?? Math.max(t, facts.end / 1e6)]);
		this.draw();
		new ResizeObserver(() => this.plots.forEach(p => p.setSize({ width: this.width(), height: p.height }))).observe(box);
		time.onChange(() => this.follow());
	}

	width() { return Math.max(280, this.box.clientWidth); }

	// lines returns what each chart shows, in the words of the pictures. Lines
	// differ in colour and in dashes.
	lines() {
		const s = this.facts.series, per = "in each " + (s.step === 1 ? "second" : s.step < 600 ? s.step + " s" : lasting(s.step * 1e6));
		const reused = s.requests.map((n, i) => n ? 100 * s.reused[i] / n : null);
		const dashes = [[8, 3], [2, 2], [8, 3, 2, 3], [4, 4], [12, 3]];
		const colours = ["client", "server", "other", "busy", "soft"];
		const asked = s.requests.some(n => n > 0); // else there are none, or they cannot be read
		return [
			{ title: `New connections${asked ? " and requests" : ""}, ${per}`, curves: [
				{ label: "new connections", values: s.opened, colour: "client" },
				...(asked ? [{ label: "requests", values: s.requests, colour: "server", dash: [6, 3] }] : [])] },
			{ title: "Reuse: requests that were not the first on their connection", most: 104, curves: [
				{ label: "reused, % of the requests", values: reused, colour: "busy", unit: "%" }] },
			{ title: `TIME_WAIT entries, the most at once ${per}`, curves: [
				{ label: "all", values: s.time_wait, colour: "text" },
				...(s.holders || []).map((h, i) => ({ label: "at " + h.host, values: h.time_wait, colour: colours[i], dash: dashes[i] }))] },
		].filter(c => c.curves.some(k => k.values.some(v => v > 0)));
	}

	draw() {
		this.plots.forEach(p => p.destroy());
		this.box.replaceChildren();
		this.plots = this.lines().map(c => this.chart(c));
		this.follow();
	}

	chart({ title, most, curves }) {
		const box = el("div", { className: "chart" }, el("h3", { textContent: title }));
		this.box.append(box);
		const soft = colour("soft"), grid = { stroke: colour("line"), width: 1 };
		const font = "12px system-ui, sans-serif";
		const clock = (_, splits) => splits.map(v => this.facts.label(v * 1e6, splits.map(s => s * 1e6)));
		const ticks = (plot, _, min, max) => this.facts.ticks(min * 1e6, max * 1e6, plot.width / 110).map(t => t / 1e6);
		return new uPlot({
			width: this.width(), height: 150,
			cursor: { sync: { key: "time" }, drag: { x: true, y: false }, points: { size: 7 } },
			scales: { x: { time: false }, y: { range: (_, min, max) => [0, most || Math.max(1, max * 1.08)] } },
			legend: { markers: { width: 0, fill: (_, i) => dashed(colour(curves[i - 1].colour), curves[i - 1].dash) } },
			axes: [
				{ stroke: soft, grid, ticks: grid, font, values: clock, splits: ticks, size: 30 },
				{ stroke: soft, grid, ticks: grid, font, size: 60, space: 28, incrs: wholeSteps, values: (_, list) => list.map(grouped) },
			],
			series: [
				{ label: "at", value: (_, v, series, i) => v === null ? "--" : this.facts.clock(this.starts[i >> 1] * 1e6) },
				...curves.map(c => ({
					label: c.label, stroke: colour(c.colour), width: 1.6, dash: c.dash, points: { show: false },
					value: (_, v) => v === null ? "--" : c.unit ? v.toFixed(1) + c.unit : grouped(v),
				})),
			],
			hooks: { setSelect: [p => this.picked(p)], ready: [p => p.over.addEventListener("dblclick", () => this.time.show(0, this.facts.end))] },
		}, [this.seconds, ...curves.map(c => c.values.flatMap(v => [v, v]))], box);
	}

	// picked shows the time that was dragged over.
	picked(plot) {
		if (plot.select.width < 4) return;
		const at = x => plot.posToVal(x, "x") * 1e6;
		this.time.show(at(plot.select.left), at(plot.select.left + plot.select.width));
		plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
	}

	// follow shows the time that all views show.
	follow() {
		const { from, to } = this.time;
		this.plots.forEach(p => p.setScale("x", { min: from / 1e6, max: to / 1e6 }));
	}
}

// dashed returns a background like the line: colour alone tells nothing in print.
function dashed(colour, dash = [1, 0]) {
	let at = 0;
	const parts = dash.map((n, i) => `${i % 2 ? "transparent" : colour} ${at}px ${at += n}px`);
	return `repeating-linear-gradient(90deg, ${parts.join(", ")})`;
}
