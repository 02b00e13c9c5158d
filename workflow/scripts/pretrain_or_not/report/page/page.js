"use strict";
// Everything that the page shows comes from the element `data`. Texts of users are only ever put in by textContent.
const DATA = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const narrow = window.matchMedia("(max-width: 40rem)");
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

// As `number` of config/numbers.py: errors of arithmetic are rounded away first, and halves away from zero.
function fixed(value, digits) {
  if (value === null || !isFinite(value)) return "–"; // where there is no interval
  const scale = 10 ** digits;
  const rounded = Math.floor(Math.abs(Number(value.toFixed(9))) * scale + 0.5 + 1e-9) / scale;
  return (value < 0 && rounded > 0 ? -rounded : rounded).toFixed(digits);
}

function count(n) {
  return Math.round(n).toLocaleString("en-US");
}

function scoreText(metric, value) {
  if (value === null || !isFinite(value)) return "–";
  const unit = metric.unit === "%" ? " %" : metric.unit === "nats" ? " nats" : "";
  return minus(fixed(metric.scale * value, metric.digits)) + unit;
}

function gapText(metric, value) {
  const text = fixed(value, metric.digits);
  return Number(text) === 0 ? text.replace("-", "") : minus(text);
}

function timeText(ms) {
  if (ms === null || !isFinite(ms)) return "–";
  if (ms < 0.001) return "under 0.001 ms";
  return `${Number(ms.toPrecision(2)).toLocaleString("en-US", { maximumFractionDigits: 4 })} ms`;
}

// As `duration` and `size` of report/amounts.py.
function duration(seconds) {
  if (seconds > 0 && seconds < 1) return "under 1 s";
  if (seconds < 100) return `${seconds.toFixed(0)} s`;
  if (seconds < 600) return `${(seconds / 60).toFixed(1)} min`;
  if (seconds < 6000) return `${(seconds / 60).toFixed(0)} min`;
  return seconds < 172800 ? `${(seconds / 3600).toFixed(1)} h` : `${(seconds / 86400).toFixed(1)} days`;
}

function size(mb) {
  return mb < 1000 ? `${mb.toFixed(0)} MB` : `${(mb / 1000).toFixed(mb < 100000 ? 1 : 0)} GB`;
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
    tolerance: Math.max(0, Number($("tolerance").value)),
    target: price("target"),
    label: price("price-label"),
    hour: price("price-hour"),
    perMonth: price("per-month"),
  };
}

// As `gap_to`: paired where both use all labels, otherwise that of the scores.
function gapTo(best, row, n) {
  if (Math.min(row.used, best.used) >= n) {
    const points = dataset.pairs.filter((pair) => pair.arm === row.arm.name && pair.other === best.arm.name);
    const gap = between(points, n, "gap");
    if (gap !== null) return [gap, between(points, n, "low"), between(points, n, "high")];
  }
  if (row.score === null) return [null, null, null];
  const [first, second] = dataset.metric.higher ? [best, row] : [row, best];
  const gap = dataset.metric.scale * (first.score - second.score);
  if (first.low === null || second.low === null) return [gap, null, null];
  return [gap,
    gap - dataset.metric.scale * Math.hypot(first.score - first.low, second.high - second.score),
    gap + dataset.metric.scale * Math.hypot(first.high - first.score, second.score - second.low)];
}

// As `joined` of recommendation_words.py.
const joined = (titles, word) =>
  [titles.slice(0, -1).join("; "), titles[titles.length - 1]].filter(Boolean).join(`; ${word} `);

// As `is_quicker`: by a quarter or more (a half if the machine of the other one was busy), and with intervals that are
// apart, where they are known.
const isQuicker = (row, other) => {
  const share = other.busy && other.cpuMs !== null && other.ms > 0 ? Math.min(1, other.cpuMs / other.ms) : 1;
  return row.ms <= (other.busy ? 0.5 : 0.75) * share * other.ms &&
    (row.msHigh === null || other.msLow === null || row.msHigh < share * other.msLow);
};

function choices(set) {
  const sign = dataset.metric.higher ? 1 : -1;
  const rows = dataset.arms.map((arm) => {
    const points = dataset.scores.filter((row) => row.arm === arm.name && row.metric === dataset.metric.name);
    const trained = dataset.training.filter((row) => row.arm === arm.name);
    const timed = dataset.times.find((row) => row.arm === arm.name && row.batch === set.batch);
    // Beyond its largest size, an arm uses as many of the labels as that.
    const used = Math.min(set.n, Math.max(...points.map((point) => point.n)));
    const row = {
      arm,
      used,
      score: between(points, used, "mean"),
      low: between(points, used, "low"),
      high: between(points, used, "high"),
      hours: between(trained, used, "hours"),
      guessing: between(trained, used, "guessing"),
      guesses: between(trained, used, "floor") !== null &&
        sign * between(trained, used, "floor") <= sign * between(trained, used, "guessing"),
      tests: Math.min(...trained.map((point) => point.tests)),
      ms: timed ? timed.ms : null,
      msLow: timed ? timed.msLow : null,
      msHigh: timed ? timed.msHigh : null,
      cpuMs: timed ? timed.cpuMs : null,
      busy: timed ? timed.busy : false,
      memory: timed ? timed.memory : null,
    };
    // The slider knows the logarithm, so its lowest place is the quickest time but for an error of arithmetic.
    row.inTime = set.limit === null || (row.ms !== null && row.ms <= set.limit * (1 + 1e-9));
    row.once = row.score === null || (set.label === null && set.hour === null) ? null
      : (set.label === null ? 0 : set.label * (used + between(trained, used, "validation"))) + (set.hour === null ? 0 : set.hour * row.hours);
    row.monthly = set.hour === null || set.perMonth === null || row.ms === null ? null
      : (set.perMonth * row.ms / 3.6e6) * set.hour;
    return row;
  });
  // As in `recommend`: an arm that guesses is no choice, unless all do.
  for (const row of rows) row.possible = row.score !== null && row.inTime;
  const ranked = Math.min(...rows.map((row) => row.tests)) >= DATA.fewest;
  if (ranked && !rows.every((row) => !row.possible || row.guesses)) {
    for (const row of rows) row.possible = row.possible && !row.guesses;
  }
  const possible = rows.filter((row) => row.possible);
  if (!possible.length) return { rows, best: null, cheapest: null, enough: null };
  // As `best_of`: the arm that no other one is ahead of, otherwise the one that is the least behind.
  const inOrder = [...possible].sort((a, b) => sign * (b.score - a.score));
  const behind = new Map(inOrder.map((row) => [row, Math.max(0,
    ...inOrder.filter((other) => other !== row).map((other) => -gapTo(row, other, set.n)[0]))]));
  const best = inOrder.find((row) => behind.get(row) <= 1e-9)
    || inOrder.reduce((a, b) => (behind.get(b) < behind.get(a) ? b : a));
  for (const row of rows) {
    [row.gap, row.gapLow, row.gapHigh] = row === best ? [0, 0, 0] : gapTo(best, row, set.n);
  }
  const close = possible.filter((row) => row === best || (row.gap !== null && row.gap <= set.tolerance + 1e-9));
  for (const row of rows) row.near = close.includes(row);
  const cheapestOf = (arms) => {
    if (!arms.length || (arms.includes(best) && best.ms === null)) return arms.includes(best) ? best : null;
    const timed = arms.filter((row) => row.ms !== null);
    if (!timed.length) return arms[0];
    const known = timed.filter((row) => !arms.includes(best) || isQuicker(row, best));
    if (!known.length) return best;
    const quickest = known.reduce((a, b) => (b.ms < a.ms ? b : a));
    const level = known.filter((row) => !isQuicker(quickest, row));
    return level.reduce((a, b) => (sign * b.score > sign * a.score ? b : a));
  };
  // The worse end of the interval, moved in to where 90 % lie beyond it.
  const sure = (row) => {
    const end = dataset.metric.higher ? row.low : row.high;
    return end === null ? null : dataset.metric.scale * (row.score + (end - row.score) * 1.2815515655446 / 1.95996398454);
  };
  const reaching = possible.filter((row) => set.target !== null && set.target !== undefined && sure(row) !== null &&
    sign * sure(row) >= sign * set.target - 1e-9);
  return { rows, best, cheapest: cheapestOf(close), enough: cheapestOf(reaching) };
}

// The sentences of report/recommendation_words.py.
function words(set, found) {
  const { metric } = dataset;
  const near = `${set.tolerance} ${metric.step}${set.tolerance === 1 ? "" : "s"}`;
  const labels = `${count(set.n)} label${set.n === 1 ? "" : "s"}`;
  const { rows, best, cheapest, enough } = found;
  if (!best) {
    const why = set.limit === null ? "no model was measured there" : `no model takes ${timeText(set.limit)} or less`;
    return [`With ${labels}, there is nothing to recommend: ${why}.`];
  }
  const named = (row) =>
    (Math.round(row.used) < Math.round(set.n) ? `${row.arm.title}, trained on ${count(row.used)} of them,` : row.arm.title);
  const said = [];
  const possible = rows.filter((row) => row.possible);
  if (possible.every((row) => row.guesses)) {
    said.push(`No model is clearly better than guessing (${scoreText(metric, best.guessing)}, by ${metric.guessing}).`);
  }
  if (possible.length > 1 && best.tests < DATA.fewest) {
    const few = `${best.tests} test example${best.tests === 1 ? "" : "s"}`;
    said.push(`The models cannot be ranked: ${few} are too few, and chance alone can make them differ.`);
  }
  const tied = possible.filter((row) => row === best ||
    (row.gap !== null && Math.abs(row.gap) <= 1e-9 && Math.abs(row.score - best.score) <= 1e-9)).map(named);
  said.push(`With ${labels}, ${tied.join(" and ")} ${tied.length > 1 ? "have" : "has"} the best ${metric.title}: ` +
    scoreText(metric, best.score) + (best.low === null || tied.length > 1 ? "."
      : ` (${scoreText(metric, best.low)} to ${scoreText(metric, best.high)}).`));
  const behind = (row) => {
    const [sign, word] = fixed(row.gap, metric.digits).startsWith("-") ? [-1, "ahead"] : [1, "behind"];
    const ends = row.gapLow === null ? [] : [row.gapLow, row.gapHigh].map((end) => gapText(metric, sign * end));
    if (sign < 0) ends.reverse();
    return `${gapText(metric, sign * row.gap)} ${metric.step}s ${word}${ends.length ? ` (${ends.join(" to ")})` : ""}`;
  };
  const takes = (row) => `and takes ${timeText(row.ms)} for a text instead of ${timeText(best.ms)}` +
    (row.busy || best.busy ? " (the machine was busy, so the time is too long)" : "");
  for (const row of rows) {
    const better = row.possible && (metric.higher ? row.score > best.score : row.score < best.score);
    if (better && scoreText(metric, row.score) !== scoreText(metric, best.score)) {
      said.push(`${row.arm.title} has ${scoreText(metric, row.score)}, but not from the same seeds and sizes: ` +
        `where both were measured, it is ${behind(row)}.`);
    }
  }
  const rivals = possible.filter((row) => row !== cheapest && row !== best && row.gapLow !== null && row.gapLow < 0 &&
    !tied.includes(named(row))).map((row) => row.arm.title);
  if (rivals.length) {
    said.push("That it is the best is not certain: with other test texts and seeds, " +
      `${joined(rivals, "or")} may be better.`);
  }
  const unknown = possible.filter((row) => row.gapLow === null).map((row) => row.arm.title);
  if (unknown.length && best.tests >= DATA.fewest) {
    said.push(`Whether it is better than ${joined(unknown, "or")} is not known: without a complete round of folds, ` +
      "there is no interval.");
  }
  if (best.ms === null) {
    said.push("Whether another one is cheaper is not known, as it was not timed.");
  } else if (rows.length === 1) {
    said.push("There is no other arm to choose.");
  } else {
    const untimed = rows.filter((row) => row.near && row.ms === null).map((row) => row.arm.title);
    if (cheapest === best) {
      const level = rows.filter((row) => row.near && row.ms !== null && !tied.includes(named(row)) && !isQuicker(best, row));
      if (level.length) {
        const busy = best.busy || level.some((row) => row.busy) ? ", as far as times on a busy machine tell" : "";
        said.push(`${joined(level.map((row) => row.arm.title), "and")} ${level.length === 1 ? "is" : "are"} within ` +
          `${near} of it, but not clearly cheaper${busy}.`);
      } else {
        said.push(`No cheaper one ${untimed.length ? "that was timed " : ""}is within ${near} of it.`);
      }
      const unclear = rows.filter((row) => row.possible && !row.near && row.ms !== null &&
        row.gapLow !== null && row.gapLow <= set.tolerance && isQuicker(row, best));
      if (unclear.length) {
        const own = unclear.reduce((a, b) => (b.gap < a.gap ? b : a));
        said.push(`${named(own)} may be within ${near}: it is ${behind(own)}, ${takes(own)}.`);
      }
    } else {
      said.push(`${named(cheapest)} is close to it, ${behind(cheapest)}, ${takes(cheapest)}.`);
      if (cheapest.gapHigh !== null && cheapest.gapHigh > set.tolerance) {
        said.push(`It may be more than ${near} behind: the interval goes beyond.`);
      }
    }
    if (untimed.length) {
      const [is, was] = untimed.length === 1 ? ["is", "was"] : ["are", "were"];
      said.push(`${untimed.join(", ")} ${is} within ${near} of the best, but ${was} not timed.`);
    }
  }
  for (const [key, text, what] of [
    ["hours", (hours) => duration(3600 * hours), "Training, with all tries, took"],
    ["memory", size, "The process that classifies takes"],
  ]) {
    if (cheapest[key] !== null && best[key] !== null) {
      const [own, other] = [text(cheapest[key]), text(best[key])];
      said.push(`${what} ${own}${cheapest === best || own === other ? "" : ` instead of ${other}`}.`);
    }
  }
  if (set.target !== null && set.target !== undefined) {
    const aim = `the target, ${scoreText(metric, set.target / metric.scale)}, with a chance of at least 90 %`;
    said.push(!enough ? `No model reaches ${aim}.`
      : `${named(enough)} ${enough.ms === null ? "reaches" : "is the cheapest that reaches"} ${aim}: it has ` +
        `${scoreText(metric, enough.score)}${enough.ms === null ? "" : ` and takes ${timeText(enough.ms)} for a text`}.`);
  }
  const slow = rows.filter((row) => row.score !== null && !row.inTime).map((row) => row.arm.title);
  if (slow.length) said.push(`Left out, as they take longer than ${timeText(set.limit)} or were not timed: ${slow.join(", ")}.`);
  const guessing = rows.filter((row) => row.inTime && !row.possible && row.gap !== null &&
    (row.gapLow === null ? row.gap : row.gapLow) <= set.tolerance)
    .map((row) => row.arm.title);
  if (guessing.length) {
    said.push(`Left out, as not clearly better than guessing (${scoreText(metric, best.guessing)}): ${guessing.join(", ")}.`);
  }
  const bought = [["labels (validation included)", set.label], ["training", set.hour]].filter(([, price]) => price !== null)
    .map(([what]) => what).join(" and ");
  const costs = (cheapest === best ? [best] : [cheapest, best])
    .map((row) => [row.arm.title, [
      ...(row.once === null ? [] : [`${money(row.once)} for ${bought}`]),
      ...(row.monthly === null ? [] : [`${money(row.monthly)} per month`]),
    ].join(", and ")])
    .filter(([, paid]) => paid).map(([title, paid]) => `${title} costs ${paid}`);
  if (costs.length) said.push(`With these prices, ${costs.join("; ")}.`);
  return said;
}

// What the sliders and fields say, for paper, on which they are not.
function askedWords(set, limit) {
  const { metric } = dataset;
  const asked = [`labels${DATA.included}: ${count(set.n)}`, `longest time for a text: ${limit}`,
    `texts come ${set.batch === 1 ? "one at a time" : `${set.batch} at a time`}`,
    `close to the best: within ${set.tolerance} ${metric.step}${set.tolerance === 1 ? "" : "s"}`];
  if (set.target !== null) asked.push(`good enough: ${scoreText(metric, set.target / metric.scale)}`);
  for (const [what, price] of [["one label", set.label], ["one hour of the machine", set.hour]]) {
    if (price !== null) asked.push(`price of ${what}: ${money(price)}`);
  }
  if (set.perMonth !== null) asked.push(`texts per month: ${count(set.perMonth)}`);
  return `Asked: ${asked.join("; ")}.`;
}

function showChoices() {
  const set = settings();
  const limit = set.limit === null ? "any" : timeText(set.limit);
  $("labels-out").textContent = count(set.n);
  $("limit-out").textContent = limit;
  // The value of a slider is a logarithm, which a screen reader would say.
  $("labels").setAttribute("aria-valuetext", `${count(set.n)} labels`);
  $("limit").setAttribute("aria-valuetext", limit);
  $("asked").textContent = askedWords(set, limit);
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
      : row.gapLow === null ? gapText(metric, row.gap) : `${gapText(metric, row.gap)} (${gapText(metric, row.gapLow)} to ${gapText(metric, row.gapHigh)})`;
    const cells = [row.arm.title, scoreText(metric, row.score) + (row.score !== null && row.used < set.n ? ` with ${count(row.used)} labels` : ""), gap, timeText(row.ms) + (row.busy ? " *" : "")];
    if (bought) cells.push(money(row.once));
    if (priced) cells.push(money(row.monthly));
    return { cells, sort: [row.arm.title, row.score, row.gap, row.ms, row.once, row.monthly],
      chosen: row === found.cheapest };
  });
  fillTable($("choices"), heads, body);
  showWrong(found.cheapest && found.cheapest.arm);
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
    // The figure has one description, and tables have its numbers: hundreds of named marks would only be in the way.
    mark: { aria: false },
    customFormatTypes: true,
  };
}

function colour(arm) {
  const light = { "#000000": "#e8e8e8", "#882255": "#d277a8", "#0072B2": "#4fb0e8" };
  return dark.matches ? light[arm.colour] || arm.colour : arm.colour;
}

function draw(id, spec) {
  const options = { actions: false, renderer: "svg", config: look(), expressionFunctions: { fixed }, tooltip: { theme: dark.matches ? "dark" : "light" } };
  const full = { $schema: "https://vega.github.io/schema/vega-lite/v6.json", width: "container", height: 320,
    autosize: { type: "fit", contains: "padding" }, ...spec };
  return vegaEmbed($(id), full, options);
}

// The characters that look as the shapes of points in the curves.
const SYMBOLS = { circle: "●", square: "■", diamond: "◆", "triangle-up": "▲", "triangle-down": "▼",
  "triangle-right": "▶", "triangle-left": "◀", cross: "✚" };

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
  const x = { field: "n", type: "quantitative", title: `labels${DATA.included}`,
    scale: log ? { type: "log", nice: false } : { type: "linear", zero: false, nice: false },
    axis: { grid: false, format: "~s", ...ticks(dataset.sizes) } };
  const y = (field) => ({ field, type: "quantitative", title, scale: { zero: false } });
  const hue = { field: "arm", type: "nominal", scale: armScale(arms), legend: null };
  const digits = { format: metric.digits, formatType: "fixed" };
  const tooltip = [{ field: "arm", title: "model" }, { field: "n", title: "labels", format: "," },
    { field: "value", title, ...digits }, { field: "low", title: "95 % from", ...digits },
    { field: "high", title: "to", ...digits }];
  const layer = [];
  const banded = rows.filter((row) => row.low !== null);
  if ($("bands").checked && banded.length) {
    layer.push({ data: { values: banded }, mark: { type: "area", opacity: 0.15 },
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

const LABEL = 170; // pixels: the longest label at a point

// Return rows with the place of their labels, so that none is on another one or leaves the figure: `dy` in pixels from the
// point, and `align`. Sizes are estimates: a letter is 6.2 pixels wide. ends: of the time axis, as logarithms.
function placed(rows, [least, most]) {
  const [width, height] = [Math.max($("frontier").clientWidth - 50, 100), 270];
  const heights = rows.flatMap((row) => [row.value, row.low, row.high]).filter((value) => value !== null);
  const [bottom, top] = [Math.min(...heights), Math.max(...heights)];
  const taken = [];
  const boxes = new Map([...rows].sort((a, b) => a.ms - b.ms).map((row) => {
    const at = width * (Math.log10(row.ms) - least) / (most - least);
    const long = Math.min(6.2 * row.arm.length, LABEL);
    const align = at + long / 2 > width ? "right" : at - long / 2 < 0 ? "left" : "center";
    const left = align === "right" ? at - long : align === "left" ? at : at - long / 2;
    const y = top > bottom ? height * (top - row.value) / (top - bottom) : height / 2;
    const free = (dy) => taken.every((box) => left > box.right || left + long < box.left || Math.abs(y + dy - box.y) > 15);
    const dy = [-14, 18, -30, 34, -46, 50, -62, 66].find(free) ?? -14;
    taken.push({ left, right: left + long, y: y + dy });
    return [row, { dy, align }];
  }));
  return rows.map((row) => ({ ...row, ...boxes.get(row) }));
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
  const logs = rows.map((row) => Math.log10(row.ms));
  const [least, most] = [Math.floor(Math.min(...logs)), Math.ceil(Math.max(...logs))];
  const domain = [10 ** least, 10 ** (most > least ? most : least + 1)];
  const x = { field: "ms", type: "quantitative", title: "milliseconds for a text", scale: { type: "log", nice: false, ...(rows.length ? { domain } : {}) },
    axis: { grid: false, format: "~g", tickCount: 6 } };
  const y = (field) => ({ field, type: "quantitative", title: metric.heading, scale: { zero: false } });
  // Labels at the points would overlap on a narrow screen.
  const legend = narrow.matches ? { orient: "bottom", columns: 1, title: null, labelLimit: 260, symbolType: "circle" } : null;
  const hue = { field: "arm", type: "nominal", legend, scale: armScale(dataset.arms) };
  const digits = { format: metric.digits, formatType: "fixed" };
  const layer = [
    { data: { values: frontier }, mark: { type: "line", interpolate: "step-after", opacity: 0.5, strokeDash: [4, 3] },
      encoding: { x, y: y("value") } },
    ...(rows.some((row) => row.low !== null) ? [{ data: { values: rows.filter((row) => row.low !== null) },
      mark: { type: "rule", opacity: 0.6 }, encoding: { x, y: y("low"), y2: { field: "high" }, color: hue } }] : []),
    { data: { values: rows }, mark: { type: "point", filled: true },
      encoding: { x, y: y("value"), color: hue, size: { condition: { test: "datum.chosen", value: 220 }, value: 90 },
        tooltip: [{ field: "arm", title: "model" }, { field: "ms", title: "ms for a text", format: ".3~g" },
          { field: "value", title: metric.heading, ...digits }] } },
    ...(narrow.matches ? [] : [{ data: { values: placed(rows, domain.map(Math.log10)) },
      mark: { type: "text", dy: { expr: "datum.dy" }, align: { expr: "datum.align" }, fontSize: 11, limit: LABEL },
      encoding: { x, y: y("value"), text: { field: "arm" } } }]),
  ];
  if (set.limit !== null) {
    layer.push({ data: { values: [{ ms: set.limit }] }, mark: { type: "rule", strokeDash: [2, 2] }, encoding: { x } });
  }
  $("frontier-caption").textContent = rows.length
    ? `With ${count(set.n)} labels. Dashed: the best score up to a time. The largest point is the model to use.` +
      (found.rows.some((row) => row.busy) ? " * The machine was busy, so the time is too long." : "")
    : "No model was timed.";
  return draw("frontier", { description: `Points: ${metric.heading} over the time for a text, one point per model`, layer,
    height: narrow.matches ? 300 + 20 * dataset.arms.length : 320 });
}

// ---- the rest of the page

function showNumbers() {
  const { metric } = dataset;
  const arms = dataset.arms;
  const parts = [];
  const table = (heading, heads, rows) => {
    const made = element("table", { "aria-label": heading });
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
  if (reference) {  // the most frequent class is no model of this page, and one without a score is behind nothing
    table(`${metric.step[0].toUpperCase()}${metric.step.slice(1)}s behind ${reference.title}, by the number of labels (95 % interval)`, ["Model", ...sizes],
      bySize(dataset.pairs.filter((row) => row.other === dataset.reference),
        (row) => gapText(metric, row.gap) + (row.low === null ? "" : ` (${gapText(metric, row.low)} to ${gapText(metric, row.high)})`),
        (row) => row.gap));
  }
  table("Time for a text, in milliseconds", ["Model", ...dataset.batches.map((batch) => `${batch} at a time`)],
    arms.map((arm) => {
      const own = dataset.batches.map((batch) => dataset.times.find((row) => row.arm === arm.name && row.batch === batch));
      return { cells: [arm.title, ...own.map((row) => (row ? timeText(row.ms) + (row.busy ? " *" : "") : "–"))],
        sort: [arm.title, ...own.map((row) => (row ? row.ms : null))] };
    }));
  if (dataset.times.some((row) => row.busy)) {
    parts.push(element("p", { class: "soft" }, "* The machine was busy, so the time is too long."));
  }
  replace("numbers", ...parts);
}

// The model to use comes first, so that a narrow screen shows it. recommended: its arm, or null.
function showWrong(recommended) {
  const arms = dataset.arms.filter((arm) => dataset.wrong.some((row) => arm.name in row.answers))
    .sort((a, b) => (b === recommended) - (a === recommended));
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

function showWords(answer, notes) {
  const items = (texts) => element("ul", {}, ...texts.map((text) => element("li", {}, text)));
  const parts = [];
  for (const line of answer) {
    const last = parts[parts.length - 1];
    if (!line.startsWith("- ")) parts.push(line.endsWith(":") ? element("h3", {}, line.slice(0, -1)) : element("p", {}, line));
    else if (last && last.tagName === "UL") last.append(element("li", {}, line.slice(2)));
    else parts.push(items([line.slice(2)]));
  }
  if (notes.length) parts.push(element("h3", {}, "Note"), items(notes));
  if (DATA.method) parts.push(element("h3", {}, "How these numbers were made"), element("p", {}, DATA.method));
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
  $("tolerance").value = Math.max(0, DATA.threshold);
  $("target-unit").textContent = dataset.metric.unit;
  $("unit").textContent = `${dataset.metric.step}s`;
  replace("metric", ...dataset.metrics.map((metric) => option(metric.name, metric.heading)));
  $("metric").value = dataset.metric.name;
  replace("show", option("score", "score"), ...dataset.arms.filter((arm) => dataset.pairs.some((pair) => pair.other === arm.name))
    .map((arm) => option(`gap:${arm.name}`, `gap to ${arm.title}`)));
  replace("arms", element("legend", {}, "Models"), ...dataset.arms.map((arm, place) => {
    arm.place = place;
    const box = element("input", { type: "checkbox", id: `arm-${place}`, checked: true });
    box.addEventListener("change", drawCurves);
    const symbol = element("span", { class: "swatch", style: `color:${colour(arm)}`, "aria-hidden": "true" }, SYMBOLS[arm.shape] || "⬟");
    return element("label", { class: "check" }, box, symbol, arm.title);
  }));
  $("beyond").closest("label").hidden = !dataset.beyond.length;
  showAll();
}

function showAll() {
  showNumbers();
  showWords([...dataset.answer, ...DATA.unscored.map((one) => one.text)], dataset.notes);
  showChoices();
  return drawCurves();
}

async function start() {
  const packed = Uint8Array.from(atob($("vega").textContent.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  document.head.append(element("script", {}, await new Response(stream).text()));
  $("warning").hidden = !DATA.warning;
  $("warning").textContent = DATA.warning;
  $("included").textContent = DATA.included;
  replace("dataset", ...DATA.datasets.map((one) => option(one.name, one.title)));
  $("choose-dataset").hidden = DATA.datasets.length < 2;
  $("dataset").addEventListener("change", () => choose($("dataset").value));
  for (const [id, name] of [["price-label", "label"], ["price-hour", "hour"], ["per-month", "predictions_per_month"]]) {
    if (DATA.costs[name] !== undefined && DATA.costs[name] !== null) $(id).value = DATA.costs[name];
  }
  if (DATA.target !== null && DATA.target !== undefined) $("target").value = DATA.target;
  for (const id of ["labels", "limit", "batch", "tolerance", "target", "price-label", "price-hour", "per-month"]) {
    $(id).addEventListener("input", showChoices);
  }
  for (const id of ["show", "metric", "bands", "seeds", "log", "beyond"]) $(id).addEventListener("change", drawCurves);
  $("controls").addEventListener("submit", (event) => event.preventDefault());
  for (const query of [dark, narrow]) query.addEventListener("change", () => dataset && showAll());
  showMade();
  showDownloads();
  if (DATA.datasets.length) choose(DATA.datasets[0].name);
  else showNothing();
}

// Where no model has a score: the notes, which say why, and how the page was made.
function showNothing() {
  for (const part of document.querySelectorAll("main section")) part.hidden = !part.querySelector("#answer, #made");
  showWords(DATA.unscored.map((one) => one.text), DATA.unscored.flatMap((one) => one.notes));
}



// For tests, and for the console.
window.page = { choices, words, settings };

start();
