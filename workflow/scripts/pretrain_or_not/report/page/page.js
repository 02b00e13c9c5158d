"use strict";
// Everything that the page shows comes from the element `data`. Texts of users are only ever put in by textContent.
const DATA = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const dark = window.matchMedia("(prefers-color-scheme: dark)");
let dataset = DATA.datasets[0];

// ---- small helpers

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

function replace(id, ...children) {
  $(id).replaceChildren(...children);
}

const minus = (text) => text.replace("-", "−");

function count(n) {
  return Math.round(n).toLocaleString("en-US");
}

function scoreText(metric, value) {
  if (value === null || !isFinite(value)) return "–";
  const unit = metric.unit === "%" ? " %" : metric.unit === "nats" ? " nats" : "";
  return minus((metric.scale * value).toFixed(metric.digits)) + unit;
}

function gapText(metric, value) {
  return minus(value.toFixed(metric.digits));
}

function timeText(ms) {
  if (ms === null || !isFinite(ms)) return "–";
  if (ms < 0.001) return "under 0.001 ms";
  return `${Number(ms.toPrecision(2)).toLocaleString("en-US", { maximumFractionDigits: 4 })} ms`;
}

function money(value) {
  if (value === null || !isFinite(value)) return "–";
  const digits = value !== 0 && Math.abs(value) < 10 ? 2 : 0;
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

// Linear in the logarithm of n between the rows of `points` (with n in increasing order); null outside of them.
function between(points, n, key) {
  for (let i = 0; i < points.length; i++) {
    if (Math.abs(points[i].n - n) < 1e-9 * n) return points[i][key];
    if (i && points[i - 1].n < n && n < points[i].n) {
      const share = Math.log(n / points[i - 1].n) / Math.log(points[i].n / points[i - 1].n);
      const [a, b] = [points[i - 1][key], points[i][key]];
      return a === null || b === null ? null : a + share * (b - a);
    }
  }
  return null;
}

// ---- what to use: the same rules as evaluation/recommend.py, which a test compares

function settings() {
  const limit = Number($("limit").value);
  const price = (id) => ($(id).value === "" ? null : Number($(id).value));
  return {
    n: Number($("labels").value) >= dataset.logSizes[1] - 1e-9 ? dataset.largest : 10 ** Number($("labels").value),
    limit: limit >= dataset.logLimits[1] - 1e-9 ? null : 10 ** limit,
    batch: Number($("batch").value),
    tolerance: Number($("tolerance").value),
    label: price("price-label"),
    hour: price("price-hour"),
    perMonth: price("per-month"),
  };
}

function choices(set) {
  const sign = dataset.metric.higher ? 1 : -1;
  const rows = dataset.arms.map((arm) => {
    const points = dataset.scores.filter((row) => row.arm === arm.name && row.metric === dataset.metric.name);
    const timed = dataset.times.find((row) => row.arm === arm.name && row.batch === set.batch);
    const row = {
      arm,
      score: between(points, set.n, "mean"),
      low: between(points, set.n, "low"),
      high: between(points, set.n, "high"),
      hours: between(dataset.training.filter((row) => row.arm === arm.name), set.n, "hours"),
      ms: timed ? timed.ms : null,
      busy: timed ? timed.busy : false,
    };
    row.inTime = set.limit === null || (row.ms !== null && row.ms <= set.limit);
    row.once = (set.label === null ? 0 : set.label * set.n) + (set.hour === null ? 0 : set.hour * row.hours);
    row.monthly = set.hour === null || set.perMonth === null || row.ms === null ? null
      : (set.perMonth * row.ms / 3.6e6) * set.hour;
    return row;
  });
  const possible = rows.filter((row) => row.score !== null && row.inTime);
  if (!possible.length) return { rows, best: null, cheapest: null };
  const best = possible.reduce((a, b) => (sign * b.score > sign * a.score ? b : a));
  for (const row of rows) {
    const points = dataset.pairs.filter((pair) => pair.arm === row.arm.name && pair.other === best.arm.name);
    row.gap = row === best ? 0 : between(points, set.n, "gap");
    row.gapLow = row === best ? 0 : between(points, set.n, "low");
    row.gapHigh = row === best ? 0 : between(points, set.n, "high");
  }
  const close = possible.filter((row) => row.gap !== null && row.gap <= set.tolerance + 1e-9);
  const price = (row) => (row.monthly !== null ? row.monthly : row.ms);
  const known = close.filter((row) => price(row) !== null);
  // Without a price of the best arm, none is known to be cheaper.
  const cheapest = price(best) === null ? best : known.reduce((a, b) => (price(b) < price(a) ? b : a));
  return { rows, best, cheapest };
}

// The sentences of report/recommendation_words.py.
function words(set, found) {
  const { metric } = dataset;
  const near = `${set.tolerance} ${metric.step}${set.tolerance === 1 ? "" : "s"}`;
  const labels = `${count(set.n)} label${set.n === 1 ? "" : "s"}`;
  const { rows, best, cheapest } = found;
  if (!best) {
    const why = set.limit === null ? "no model was measured there" : `no model takes ${timeText(set.limit)} or less`;
    return [`With ${labels}, there is nothing to recommend: ${why}.`];
  }
  const said = [
    `With ${labels}, ${best.arm.title} has the best ${metric.title}: ${scoreText(metric, best.score)}` +
      (best.low === null ? "." : ` (${scoreText(metric, best.low)} to ${scoreText(metric, best.high)}).`),
  ];
  if (cheapest === best && best.ms === null) {
    said.push("Whether another one is cheaper is not known, as it was not timed.");
  } else if (cheapest === best) {
    said.push(rows.length > 1 ? `No cheaper one is within ${near} of it.` : "There is no other one.");
  } else {
    const interval = cheapest.gapLow === null ? ""
      : ` (${gapText(metric, cheapest.gapLow)} to ${gapText(metric, cheapest.gapHigh)})`;
    said.push(
      `${cheapest.arm.title} is close to it, ${gapText(metric, cheapest.gap)} ${metric.step}s behind${interval}, ` +
        `and takes ${timeText(cheapest.ms)} for a text instead of ${timeText(best.ms)}.`);
    if (cheapest.gapHigh !== null && cheapest.gapHigh > set.tolerance) {
      said.push(`It may be more than ${near} behind: the interval goes beyond.`);
    }
  }
  const slow = rows.filter((row) => row.score !== null && !row.inTime).map((row) => row.arm.title);
  if (slow.length) said.push(`Left out, as they take longer than ${timeText(set.limit)} or were not timed: ${slow.join(", ")}.`);
  if (cheapest !== best && cheapest.monthly !== null && best.monthly !== null) {
    said.push(
      `With these prices, ${cheapest.arm.title} costs ${money(cheapest.monthly)} per month, ` +
        `${best.arm.title} ${money(best.monthly)}.`);
  }
  return said;
}

function showChoices() {
  const set = settings();
  $("labels-out").textContent = count(set.n);
  $("limit-out").textContent = set.limit === null ? "any" : timeText(set.limit);
  const found = choices(set);
  replace("words", ...words(set, found).map((sentence) => element("p", {}, sentence)));
  const priced = found.rows.some((row) => row.monthly !== null);
  const bought = set.label !== null || set.hour !== null;
  const { metric } = dataset;
  const heads = ["Model", metric.heading, `${metric.step}s behind the best (95 %)`, "time for a text"];
  if (bought) heads.push("once: labels and training");
  if (priced) heads.push("per month");
  const body = found.rows.map((row) => {
    const gap = row.gap === null || row.gap === undefined ? "–" : row === found.best ? "best"
      : `${gapText(metric, row.gap)} (${gapText(metric, row.gapLow)} to ${gapText(metric, row.gapHigh)})`;
    const cells = [row.arm.title, scoreText(metric, row.score), gap, timeText(row.ms) + (row.busy ? " *" : "")];
    if (bought) cells.push(money(row.once));
    if (priced) cells.push(money(row.monthly));
    return { cells, sort: [row.arm.title, row.score, row.gap, row.ms, row.once, row.monthly],
      chosen: row === found.cheapest };
  });
  fillTable($("choices"), heads, body);
  drawFrontier(set, found);
}

// ---- tables that sort

function fillTable(table, heads, rows) {
  const old = table.querySelector("th[aria-sort]");
  const sorted = old ? [heads.indexOf(old.textContent), old.getAttribute("aria-sort")] : null;
  const head = element("tr");
  const body = element("tbody");
  heads.forEach((text, i) => {
    const button = element("button", { type: "button" }, text);
    const cell = element("th", { scope: "col" }, button);
    button.addEventListener("click", () => {
      sortBy(i, cell.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending");
    });
    head.append(cell);
  });
  function sortBy(i, order) {
    const value = (row) => (row.sort ? row.sort[i] : row.cells[i]);
    const missing = (v) => v === null || v === undefined || Number.isNaN(v);
    const sign = order === "ascending" ? 1 : -1;
    rows.sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      if (missing(x) || missing(y)) return missing(x) - missing(y);
      return sign * (typeof x === "string" ? x.localeCompare(y) : x - y);
    });
    [...head.children].forEach((cell, k) => (k === i ? cell.setAttribute("aria-sort", order) : cell.removeAttribute("aria-sort")));
    show();
  }
  function show() {
    body.replaceChildren(...rows.map((row) =>
      element("tr", { class: row.chosen ? "chosen" : null, "aria-current": row.chosen ? "true" : null },
        ...row.cells.map((text, i) => element(i ? "td" : "th", { scope: i ? null : "row" }, text)))));
  }
  table.replaceChildren(element("thead", {}, head), body);
  if (sorted && sorted[0] >= 0) sortBy(...sorted);
  else show();
}

// ---- figures

function look() {
  const style = getComputedStyle(document.body);
  const [ink, soft, line] = ["--ink", "--soft", "--line"].map((name) => style.getPropertyValue(name).trim());
  return {
    background: null,
    font: "system-ui, sans-serif",
    view: { stroke: null },
    axis: { labelColor: ink, titleColor: ink, domainColor: soft, tickColor: soft, gridColor: line, gridOpacity: 0.6,
      labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal" },
    text: { color: ink },
  };
}

function colour(arm) {
  const light = { "#000000": "#e8e8e8", "#882255": "#d277a8", "#0072B2": "#4fb0e8" };
  return dark.matches ? light[arm.colour] || arm.colour : arm.colour;
}

function draw(id, spec) {
  const options = { actions: false, renderer: "svg", config: look(), tooltip: { theme: dark.matches ? "dark" : "light" } };
  const full = { $schema: "https://vega.github.io/schema/vega-lite/v6.json", width: "container", height: 320,
    autosize: { type: "fit", contains: "padding" }, ...spec };
  return vegaEmbed($(id), full, options);
}

function shownArms() {
  return dataset.arms.filter((arm) => $(`arm-${arm.place}`).checked);
}

function armScale(arms) {
  return { domain: arms.map((arm) => arm.title), range: arms.map(colour) };
}

function ticks(values, least = 3) {
  return values.length >= least ? { values } : {};
}

function drawCurves() {
  const arms = shownArms();
  const names = new Set(arms.map((arm) => arm.name));
  const titles = Object.fromEntries(dataset.arms.map((arm) => [arm.name, arm.title]));
  const other = $("show").value.startsWith("gap:") ? $("show").value.slice(4) : null;
  const metric = other === null ? dataset.metrics.find((m) => m.name === $("metric").value) : dataset.metric;
  $("metric").disabled = other !== null;
  const log = $("log").checked;
  const scale = other === null ? metric.scale : 1;
  const rows = (other === null
    ? dataset.scores.filter((row) => row.metric === metric.name).map((row) => ({ ...row, value: row.mean }))
    : dataset.pairs.filter((row) => row.other === other).map((row) => ({ ...row, value: row.gap, seeds: row.seeds || [] })))
    .filter((row) => names.has(row.arm))
    .map((row) => ({ ...row, arm: titles[row.arm], value: scale * row.value,
      low: row.low === null ? null : scale * row.low, high: row.high === null ? null : scale * row.high }));
  const seeds = rows.flatMap((row) => (row.seeds || []).map((value) => ({ arm: row.arm, n: row.n, value: scale * value })));
  const fan = !$("beyond").checked || metric.name !== dataset.metric.name ? []
    : dataset.beyond.filter((row) => names.has(row.arm) && (other === null ? row.what === "score" : row.what === "gap" && other === dataset.reference))
      .map((row) => ({ ...row, arm: titles[row.arm] }));
  const title = other === null ? metric.heading : `${metric.step}s behind ${titles[other]}`;
  const x = { field: "n", type: "quantitative", title: "labels",
    scale: log ? { type: "log", nice: false } : { type: "linear", zero: false, nice: false },
    axis: { grid: false, format: "~s", ...ticks(dataset.sizes) } };
  const y = (field) => ({ field, type: "quantitative", title, scale: { zero: false } });
  const hue = { field: "arm", type: "nominal", scale: armScale(arms), legend: null };
  const digits = `.${metric.digits}f`;
  const tooltip = [{ field: "arm", title: "model" }, { field: "n", title: "labels", format: "," },
    { field: "value", title, format: digits }, { field: "low", title: "95 % from", format: digits },
    { field: "high", title: "to", format: digits }];
  const layer = [];
  if ($("bands").checked) {
    layer.push({ data: { values: rows.filter((row) => row.low !== null) }, mark: { type: "area", opacity: 0.15 },
      encoding: { x, y: y("low"), y2: { field: "high" }, color: hue } });
  }
  if (fan.length) {
    for (const [low, high, opacity] of [["q025", "q975", 0.1], ["q25", "q75", 0.15]]) {
      layer.push({ data: { values: fan }, mark: { type: "area", opacity },
        encoding: { x, y: y(low), y2: { field: high }, color: hue } });
    }
    layer.push({ data: { values: fan }, mark: { type: "line", strokeDash: [4, 3] }, encoding: { x, y: y("q50"), color: hue } });
    layer.push({ data: { values: [{ n: dataset.largest }] }, mark: { type: "rule", strokeDash: [2, 2], opacity: 0.6 },
      encoding: { x } });
  }
  if ($("seeds").checked && seeds.length) {
    layer.push({ data: { values: seeds }, mark: { type: "point", filled: true, size: 12, opacity: 0.5 },
      encoding: { x, y: y("value"), color: hue } });
  }
  layer.push({ data: { values: rows }, mark: { type: "line", strokeWidth: 2, clip: false }, encoding: { x, y: y("value"), color: hue } });
  layer.push({ data: { values: rows }, mark: { type: "point", filled: true, size: 70 },
    encoding: { x, y: y("value"), color: hue, shape: { field: "arm", type: "nominal", legend: null,
      scale: { domain: arms.map((arm) => arm.title), range: arms.map((arm) => arm.shape) } }, tooltip } });
  if (other !== null) {
    layer.push({ data: { values: [{ value: 0 }] }, mark: { type: "rule", opacity: 0.6 }, encoding: { y: y("value") } });
  }
  $("curves-caption").textContent = rows.length
    ? `${other === null ? metric.heading : title} of ${arms.length} models on ${dataset.title}. ` +
      "Points: means over seeds. Bands: 95 % intervals from test examples and seeds. The tables below hold the same numbers."
    : "No model is chosen, or none was measured.";
  return draw("curves", { description: `Curves: ${title} over labels, one line per model`, layer });
}

function drawFrontier(set, found) {
  const { metric } = dataset;
  const sign = metric.higher ? 1 : -1;
  const rows = found.rows.filter((row) => row.score !== null && row.ms !== null)
    .map((row) => ({ arm: row.arm.title, ms: row.ms, value: metric.scale * row.score,
      chosen: row === found.cheapest, low: row.low === null ? null : metric.scale * row.low,
      high: row.high === null ? null : metric.scale * row.high }));
  const byTime = [...rows].sort((a, b) => a.ms - b.ms);
  const frontier = byTime.filter((row, i) => byTime.slice(0, i).every((b) => sign * b.value < sign * row.value));
  const x = { field: "ms", type: "quantitative", title: "milliseconds for a text", scale: { type: "log", nice: true },
    axis: { grid: false, format: "~g", tickCount: 6 } };
  const y = (field) => ({ field, type: "quantitative", title: metric.heading, scale: { zero: false } });
  const hue = { field: "arm", type: "nominal", legend: null, scale: armScale(dataset.arms) };
  const digits = `.${metric.digits}f`;
  const layer = [
    { data: { values: frontier }, mark: { type: "line", interpolate: "step-after", opacity: 0.5, strokeDash: [4, 3] },
      encoding: { x, y: y("value") } },
    { data: { values: rows.filter((row) => row.low !== null) }, mark: { type: "rule", opacity: 0.6 },
      encoding: { x, y: y("low"), y2: { field: "high" }, color: hue } },
    { data: { values: rows }, mark: { type: "point", filled: true },
      encoding: { x, y: y("value"), color: hue, size: { condition: { test: "datum.chosen", value: 220 }, value: 90 },
        tooltip: [{ field: "arm", title: "model" }, { field: "ms", title: "ms for a text", format: ".3~g" },
          { field: "value", title: metric.heading, format: digits }] } },
    { data: { values: rows }, mark: { type: "text", dy: -14, fontSize: 11, limit: 170 },
      encoding: { x, y: y("value"), text: { field: "arm" } } },
  ];
  if (set.limit !== null) {
    layer.push({ data: { values: [{ ms: set.limit }] }, mark: { type: "rule", strokeDash: [2, 2] }, encoding: { x } });
  }
  $("frontier-caption").textContent = rows.length
    ? `With ${count(set.n)} labels. Dashed: the best score up to a time. The largest point is the model to use.` +
      (found.rows.some((row) => row.busy) ? " * The machine was busy while this was timed." : "")
    : "No model was timed.";
  return draw("frontier", { description: `Points: ${metric.heading} over the time for a text, one point per model`, layer });
}

// ---- the rest of the page

function showNumbers() {
  const { metric } = dataset;
  const arms = dataset.arms;
  const parts = [];
  const table = (heading, heads, rows) => {
    const made = element("table");
    fillTable(made, heads, rows);
    parts.push(element("h3", {}, heading), element("div", { class: "scroll" }, made));
  };
  const sizes = dataset.sizes.map((n) => count(n));
  const bySize = (rows, text, value) => arms.map((arm) => {
    const own = dataset.sizes.map((n) => rows.find((row) => row.arm === arm.name && row.n === n));
    return { cells: [arm.title, ...own.map((row) => (row ? text(row) : "–"))],
      sort: [arm.title, ...own.map((row) => (row ? value(row) : null))] };
  });
  const scores = dataset.scores.filter((row) => row.metric === metric.name);
  table(`${metric.heading}, by the number of labels (95 % interval)`, ["Model", ...sizes], bySize(scores,
    (row) => scoreText(metric, row.mean) + (row.low === null ? "" : ` (${scoreText(metric, row.low)} to ${scoreText(metric, row.high)})`),
    (row) => row.mean));
  const reference = arms.find((arm) => arm.name === dataset.reference);
  table(`${metric.step[0].toUpperCase()}${metric.step.slice(1)}s behind ${reference.title}, by the number of labels (95 % interval)`, ["Model", ...sizes],
    bySize(dataset.pairs.filter((row) => row.other === dataset.reference),
      (row) => gapText(metric, row.gap) + (row.low === null ? "" : ` (${gapText(metric, row.low)} to ${gapText(metric, row.high)})`),
      (row) => row.gap));
  table("Time for a text, in milliseconds", ["Model", ...dataset.batches.map((batch) => `${batch} at a time`)],
    arms.map((arm) => {
      const own = dataset.batches.map((batch) => dataset.times.find((row) => row.arm === arm.name && row.batch === batch));
      return { cells: [arm.title, ...own.map((row) => (row ? timeText(row.ms) + (row.busy ? " *" : "") : "–"))],
        sort: [arm.title, ...own.map((row) => (row ? row.ms : null))] };
    }));
  if (dataset.times.some((row) => row.busy)) {
    parts.push(element("p", { class: "soft" }, "* The machine was busy while this was timed: it may be too slow."));
  }
  replace("numbers", ...parts);
}

function showWrong() {
  const arms = dataset.arms.filter((arm) => dataset.wrong.some((row) => arm.name in row.answers));
  $("wrong-about").textContent = dataset.wrong.length
    ? `${dataset.wrong.length} test texts, chosen at random among those on which the models differ; ${dataset.wrongAbout}.`
    : "There is no test text on which the models differ.";
  const head = element("tr", {}, ...["Text", "Label", ...arms.map((arm) => arm.title)].map((text) => element("th", { scope: "col" }, text)));
  const body = dataset.wrong.map((row) => element("tr", {},
    element("td", { class: "text" }, row.text), element("td", {}, row.label),
    ...arms.map((arm) => {
      const [answer, sure] = row.answers[arm.name];
      const wrong = answer !== row.label;
      return element("td", { class: wrong ? "wrong" : null }, `${wrong ? "✗ " : "✓ "}${answer} (${Math.round(100 * sure)} %)`);
    })));
  replace("wrong", ...(dataset.wrong.length ? [element("thead", {}, head), element("tbody", {}, ...body)] : []));
}

function showWords() {
  const items = (texts) => element("ul", {}, ...texts.map((text) => element("li", {}, text)));
  const parts = [items(dataset.answer)];
  if (dataset.notes.length) parts.push(element("h3", {}, "Note"), items(dataset.notes));
  parts.push(element("h3", {}, "How these numbers were made"), element("p", {}, DATA.method));
  replace("answer", ...parts);
}

function showMade() {
  const parts = [];
  for (const [heading, text] of DATA.made) {
    parts.push(element("details", {}, element("summary", {}, heading), element("pre", { tabindex: "0" }, text)));
  }
  replace("made", ...parts);
}

function showDownloads() {
  const button = (name, content, type) => {
    const made = element("button", { type: "button" }, name);
    made.addEventListener("click", () => {
      const link = element("a", { href: URL.createObjectURL(new Blob([content()], { type })), download: name });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
    return made;
  };
  const quoted = (value) => (value === null || value === undefined ? "" : /[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value));
  const csv = (key) => () => {
    const rows = DATA.datasets.flatMap((set) => set[key].map(({ seeds, ...row }) => ({ dataset: set.name, ...row })));
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    return [columns, ...rows.map((row) => columns.map((column) => row[column]))].map((row) => row.map(quoted).join(",")).join("\n") + "\n";
  };
  replace("downloads", ...["scores", "pairs", "times", "beyond"].filter((key) => DATA.datasets.some((set) => set[key].length))
    .map((key) => button(`${key}.csv`, csv(key), "text/csv")),
  button("page.json", () => JSON.stringify(DATA, null, 1), "application/json"));
}

function option(value, text) {
  return element("option", { value }, text);
}

function choose(name) {
  dataset = DATA.datasets.find((one) => one.name === name);
  dataset.logSizes = [Math.log10(dataset.sizes[0]), Math.log10(dataset.largest)];
  const times = dataset.times.map((row) => row.ms).filter((ms) => ms > 0);
  dataset.logLimits = times.length ? [Math.log10(Math.min(...times)), Math.log10(Math.max(...times)) + 0.05] : [0, 1];
  for (const [id, [low, high]] of [["labels", dataset.logSizes], ["limit", dataset.logLimits]]) {
    Object.assign($(id), { min: low, max: high });
    $(id).value = high;
    $(id).disabled = low === high;
  }
  replace("batch", ...dataset.batches.map((batch) => option(batch, batch === 1 ? "one at a time" : `${batch} at a time`)));
  $("batch").value = Math.max(...dataset.batches);
  $("tolerance").value = DATA.threshold;
  $("unit").textContent = `${dataset.metric.step}s`;
  replace("metric", ...dataset.metrics.map((metric) => option(metric.name, metric.heading)));
  $("metric").value = dataset.metric.name;
  replace("show", option("score", "score"), ...dataset.arms.filter((arm) => dataset.pairs.some((pair) => pair.other === arm.name))
    .map((arm) => option(`gap:${arm.name}`, `gap to ${arm.title}`)));
  replace("arms", element("legend", {}, "Models"), ...dataset.arms.map((arm, place) => {
    arm.place = place;
    const box = element("input", { type: "checkbox", id: `arm-${place}`, checked: true });
    box.addEventListener("change", drawCurves);
    return element("label", { class: "check" }, box, element("span", { class: "swatch", style: `background:${colour(arm)}` }), arm.title);
  }));
  $("beyond").closest("label").hidden = !dataset.beyond.length;
  showAll();
}

function showAll() {
  showNumbers();
  showWrong();
  showWords();
  showChoices();
  return drawCurves();
}

async function start() {
  const packed = Uint8Array.from(atob($("vega").textContent.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  document.head.append(element("script", {}, await new Response(stream).text()));
  $("warning").hidden = !DATA.warning;
  $("warning").textContent = DATA.warning;
  replace("dataset", ...DATA.datasets.map((one) => option(one.name, one.title)));
  $("choose-dataset").hidden = DATA.datasets.length < 2;
  $("dataset").addEventListener("change", () => choose($("dataset").value));
  for (const [id, name] of [["price-label", "label"], ["price-hour", "gpu_hour"], ["per-month", "predictions_per_month"]]) {
    if (DATA.costs[name] !== undefined && DATA.costs[name] !== null) $(id).value = DATA.costs[name];
  }
  for (const id of ["labels", "limit", "batch", "tolerance", "price-label", "price-hour", "per-month"]) {
    $(id).addEventListener("input", showChoices);
  }
  for (const id of ["show", "metric", "bands", "seeds", "log", "beyond"]) $(id).addEventListener("change", drawCurves);
  $("controls").addEventListener("submit", (event) => event.preventDefault());
  dark.addEventListener("change", showAll);
  showMade();
  showDownloads();
  choose(DATA.datasets[0].name);
}



// For tests, and for the console.
window.page = { choices, words, settings };

start();
