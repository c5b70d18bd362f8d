// Looks at pages in a real browser, whose path is the argument. Reads jobs as JSON, answers each
// with what was seen.
//
// A job: { do, page, width, scheme, scripts, motion, plant, ... }; `plant` is JavaScript that
// spoils the page first, so that a check can be seen to fail.
"use strict";

const { readFileSync } = require("node:fs");
const { chromium } = require("playwright-core");

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
  "--disable-sync", "--no-first-run", "--disable-quic",
];
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf-8");

/** What stands in charts that are shown: labels clipped, over one another, too pale, too small. */
function labels() {
  const seen = { clipped: [], overlapping: [], pale: [], texts: 0, drawings: [] };
  const light = colour => {
    const parts = colour.match(/[\d.]+/g).slice(0, 3).map(part => part / 255)
      .map(part => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const contrast = (a, b) => {
    const [low, high] = [light(a), light(b)].sort((one, other) => one - other);
    return (high + 0.05) / (low + 0.05);
  };
  for (const svg of document.querySelectorAll("figure svg")) {
    const place = svg.getBoundingClientRect();
    if (!place.width) continue;
    const frame = svg.viewBox.baseVal;
    const figure = svg.closest("figure").id;
    const scale = frame.width / place.width;
    seen.drawings.push(`${figure} ${svg.classList[0]}`);
    const own = getComputedStyle(svg).backgroundColor;
    const paper = own === "rgba(0, 0, 0, 0)" ? getComputedStyle(document.body).backgroundColor : own;
    const shapes = [...svg.querySelectorAll("path, rect, circle, text")];
    const boxes = [...svg.querySelectorAll("text")].map(text => {
      const box = text.getBoundingClientRect();
      const { x, y, width, height } = text.getBBox();
      const middle = new DOMPoint(x + width / 2, y + height / 2);
      const behind = shapes.slice(0, shapes.indexOf(text)).reverse().find(shape =>
        shape.isPointInFill && !shape.closest("clipPath") && getComputedStyle(shape).fill !== "none" && shape.isPointInFill(middle));
      const ground = behind ? getComputedStyle(behind).fill : paper;
      const reached = contrast(getComputedStyle(text).fill, ground);
      if (reached < 4.5) seen.pale.push(`${figure}: ${text.textContent}: ${reached.toFixed(2)}`);
      return {
        words: text.textContent,
        left: (box.left - place.left) * scale, right: (box.right - place.left) * scale,
        top: (box.top - place.top) * scale, bottom: (box.bottom - place.top) * scale,
      };
    });
    seen.texts += boxes.length;
    boxes.forEach((a, index) => {
      if (a.left < -0.6 || a.right > frame.width + 0.6 || a.top < -0.6 || a.bottom > frame.height + 2.5)
        seen.clipped.push(`${figure}: ${a.words}`);
      for (const b of boxes.slice(index + 1)) {
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (wide > 1 && high > 0.35 * Math.min(a.bottom - a.top, b.bottom - b.top))
          seen.overlapping.push(`${figure}: ${a.words} / ${b.words}`);
      }
    });
  }
  return seen;
}

const looks = {
  /** axe-core: how many checks passed, and what is wrong. */
  async axe(page, job) {
    await page.evaluate(AXE);
    return page.evaluate(async tags => {
      const found = await axe.run(document, { runOnly: { type: "tag", values: tags } });
      return {
        passes: found.passes.reduce((count, rule) => count + rule.nodes.length, 0),
        rules: found.passes.length,
        violations: found.violations.flatMap(rule =>
          rule.nodes.map(node => `${rule.id}: ${node.target.join(" ")}: ${node.any.concat(node.all, node.none).map(check => check.message).join("; ")}`)),
        undecided: found.incomplete.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.target.join(" ")}: ${node.any.map(check => check.message).join("; ")}`)),
      };
    }, job.tags);
  },

  /** Whether the page fits its window, and what it loads. */
  async measure(page) {
    return page.evaluate(labels => ({
      overflow: document.documentElement.scrollWidth - innerWidth,
      font: document.fonts.check("bold 12px NanumGothic"),
      loaded: performance.getEntriesByType("resource").map(entry => entry.name).filter(name => !name.startsWith("data:")),
      background: getComputedStyle(document.body).backgroundColor,
      text: Math.max(...[...document.querySelectorAll("main p")].map(p => p.getBoundingClientRect().width)),
      figure: Math.max(...[...document.querySelectorAll("figure")].map(p => p.getBoundingClientRect().width)),
      smooth: getComputedStyle(document.documentElement).scrollBehavior,
      ...eval(`(${labels})`)(),
    }), labels.toString());
  },

  /** What the Tab key reaches, in its order, and whether it can be seen to be there. */
  async tab(page, job) {
    const stops = [];
    for (let count = 0; count < job.stops; count++) {
      await page.keyboard.press("Tab");
      stops.push(await page.evaluate(() => {
        const at = document.activeElement;
        const box = at.getBoundingClientRect();
        const look = getComputedStyle(at);
        const names = [...document.querySelectorAll("a, button, summary, [tabindex='0']")];
        return {
          tag: at.localName, kind: at.className, words: at.textContent.trim().slice(0, 60), place: names.indexOf(at),
          outline: look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2,
          inside: box.right > 0 && box.left < innerWidth && box.bottom > 0 && box.top < innerHeight,
        };
      }));
    }
    return stops;
  },

  /** Where the skip link leads, by the keyboard alone. */
  async skip(page) {
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    return page.evaluate(() => ({ tag: document.activeElement.localName, hash: location.hash }));
  },

  /** A table sorted by the keyboard: for each head, each Enter, and how the column stands then. */
  async sort(page, job) {
    const columns = [];
    for (const button of await page.locator(`${job.table} thead button`).all()) {
      const states = [];
      for (let count = 0; count <= 3; count++) {
        if (count) {
          await button.focus();
          await page.keyboard.press("Enter");
        }
        states.push(await button.evaluate(button => {
          const head = button.closest("th");
          const rows = [...head.closest("table").tBodies[0].rows];
          const cells = rows.map(row => row.cells[head.cellIndex]);
          return {
            order: head.getAttribute("aria-sort"),
            kind: head.dataset.sort,
            cells: cells.map(cell => cell.dataset.value ?? cell.textContent.trim()),
            first: rows.map(row => row.cells[0].textContent.trim()),
            focused: document.activeElement === button,
          };
        }));
      }
      columns.push(states);
    }
    return columns;
  },

  /** The files that the links to data carry, by name; the first one taken as a reader would. */
  async downloads(page) {
    const first = page.locator("a.data").first();
    const [download] = await Promise.all([page.waitForEvent("download"), first.click()]);
    const taken = readFileSync(await download.path(), "base64");
    const files = await page.locator("a.data").evaluateAll(links => Promise.all(links.map(async link => {
      const body = new Uint8Array(await (await fetch(link.href)).arrayBuffer());
      return [link.download, btoa(String.fromCharCode(...body))];
    })));
    return { taken: [download.suggestedFilename(), taken], files };
  },

  /** What is there for a reader: words, buttons, copied address. */
  async read(page, job) {
    let copied = null;
    if (job.copy) {
      await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
      await page.locator("a.permalink").first().click();
      await page.locator("[role=status]:not(:empty)").first().waitFor();
      copied = await page.evaluate(() => navigator.clipboard.readText());
    }
    return {
      copied,
      words: await page.locator("main").innerText(),
      buttons: await page.locator("button").count(),
      said: copied ? await page.locator("[role=status]:not(:empty)").first().innerText() : "",
    };
  },

  /** The page as the browser prints it, and a picture of the window. */
  async print(page, job) {
    const pdf = await page.pdf({ path: job.to, preferCSSPageSize: true });
    return { bytes: pdf.length };
  },
  async picture(page, job) {
    await page.screenshot({ path: job.to, fullPage: job.full ?? false });
    return {};
  },
};

async function main() {
  const jobs = JSON.parse(readFileSync(0, "utf-8"));
  const browser = await chromium.launch({ executablePath: process.argv[2], args: FLAGS });
  const answers = [];
  for (const job of jobs) {
    const context = await browser.newContext({
      viewport: { width: job.width ?? 1280, height: job.height ?? 900 },
      colorScheme: job.scheme ?? "light",
      reducedMotion: job.motion ?? "no-preference",
      javaScriptEnabled: job.scripts ?? true,
      acceptDownloads: true,
    });
    const page = await context.newPage();
    const troubles = [];
    page.on("console", said => said.type() === "error" && troubles.push(said.text()));
    page.on("pageerror", error => troubles.push(String(error)));
    await page.goto(job.page);
    if (job.scripts !== false) await page.evaluate(() => document.fonts.ready);
    if (job.plant) await page.evaluate(job.plant);
    answers.push({ troubles, seen: await looks[job.do](page, job) });
    await context.close();
  }
  await browser.close();
  process.stdout.write(JSON.stringify(answers));
}

main().catch(error => {
  console.error(error);
  process.exit(1);
});
