"use strict";
/* Suspects one after the other, accepted or rejected; what is accepted leaves as a patch. */

(() => {
  const { suspects, images, pictures, folder } = window.suspects;
  const at = (id) => document.getElementById(id);
  const FILTERS = ["kind", "class", "show"];
  const NAMES = { accept: "accepted", reject: "rejected" };
  const filters = { kind: "", class: "", show: "open" };
  const trail = [];
  let listed = [];
  let current = -1;
  let others = true;
  let warning = "";

  /* ---- deciding ---- */

  function decide(verdict) {
    if (current < 0) return;
    warn("");
    const rival = Decisions.rival(current);
    if (verdict === "accept" && rival !== undefined) {
      warn(`You accepted another edit of this box (number ${rival + 1}): undo that one first.`);
      tell();
      return;
    }
    trail.push({ i: current, before: Decisions.on(current) });
    kept(Decisions.set(current, { verdict, reason: at("reason").value.trim() }));
    advance();
  }

  function kept(done) {
    if (!done) warn("This browser keeps nothing for pages from disk: export before you leave.");
  }

  /* Go on: a decided suspect leaves the list of open ones, else the next one is shown. */
  function advance() {
    const place = listed.indexOf(current);
    relist();
    const next = listed.includes(current) ? place + 1 : place;
    show(listed[Math.min(next, listed.length - 1)] ?? -1);
  }

  function undo() {
    const shown = current >= 0 && Decisions.on(current) ? { i: current } : null;
    const last = trail.pop() ?? shown;
    if (!last) return;
    warn("");
    kept(Decisions.set(last.i, last.before));
    if (!fits(last.i)) Object.assign(filters, { kind: "", class: "", show: "all" });
    relist();
    show(last.i);
  }

  function editReason() {
    const decision = current >= 0 && Decisions.on(current);
    if (decision) kept(Decisions.set(current, { ...decision, reason: at("reason").value.trim() }));
  }

  /* ---- lists and filters ---- */

  function fits(i) {
    const suspect = suspects[i];
    const verdict = NAMES[Decisions.verdict(i)] ?? "open";
    return (!filters.kind || suspect.kind === filters.kind)
      && (!filters.class || [suspect.class, suspect.seenClass].includes(filters.class))
      && (filters.show === "all" || filters.show === verdict);
  }

  function relist() {
    listed = suspects.map((_, i) => i).filter(fits);
    at("list").replaceChildren(...listed.map(entry));
    for (const id of FILTERS) at(id).value = filters[id];
    sum();
  }

  function entry(i) {
    const { kind, class: name, score } = suspects[i];
    const verdict = Decisions.verdict(i);
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.suspect = i;
    if (verdict) button.className = verdict;
    button.append(part("i", { accept: "✓", reject: "✗" }[verdict] ?? "·", "mark"),
      part("span", `${kind}: ${name}`), part("small", score.toFixed(2)));
    button.addEventListener("click", () => { warn(""); show(i); });
    const item = document.createElement("li");
    item.append(button);
    return item;
  }

  function part(name, text, className) {
    const node = document.createElement(name);
    node.textContent = text;
    if (className) node.className = className;
    return node;
  }

  function sum() {
    const [accepted, rejected] = [Decisions.count("accept"), Decisions.count("reject")];
    const open = suspects.length - accepted - rejected;
    at("count").textContent = `${accepted} accepted, ${rejected} rejected, ${open} open`;
    const width = (count) => `${(100 * count) / suspects.length}%`;
    document.querySelector(".progress .accept").style.width = width(accepted);
    document.querySelector(".progress .reject").style.width = width(rejected);
  }

  /* ---- one suspect ---- */

  function show(i) {
    current = i;
    at("suspect").hidden = i < 0;
    at("nothing").hidden = i >= 0;
    toAddress();
    if (i < 0) return;
    draw(suspects[i]);
    const { name } = images[suspects[i].image];
    at("name").textContent = `${name}${pictures[suspects[i].image] ? "" : " (no picture)"}`;
    at("claim").textContent = claim(suspects[i]);
    at("edit").textContent = proposal(suspects[i]);
    at("reason").value = Decisions.on(i)?.reason || suspects[i].reason;
    tell();
    mark();
  }

  function claim({ kind, class: name, seenClass, image, twin }) {
    const other = images[image].classes[twin];
    return {
      missing: `Nothing is annotated here, the models see ${seenClass}.`,
      class: `Annotated as ${name}, the models see ${seenClass}.`,
      localization: `Annotated as ${name}, but the models see its box elsewhere.`,
      duplicate: other === name ? `This ${name} is annotated twice.`
        : `This object is annotated twice, as ${name} and as ${other}.`,
    }[kind];
  }

  function proposal({ edit, class: name, seenClass, score }) {
    const what = {
      add: `add ${name}`, relabel: `relabel ${name} to ${seenClass}`,
      move: `move ${name}`, remove: `remove this ${name}`,
    }[edit];
    return `Proposed: ${what} (suspicion ${score.toFixed(2)}).`;
  }

  function draw(suspect) {
    const image = images[suspect.image];
    const boxes = [suspect.annotated, suspect.seen].filter(Boolean);
    const bounds = [0, 1, 2, 3].map((side) => (
      (side < 2 ? Math.min : Math.max)(...boxes.map((box) => box[side]))));
    for (const id of ["crop", "whole"]) {
      const svg = picture(image, suspect.image);
      at(id).replaceChildren(svg);
      drawBoxes(svg, suspect, image, id === "crop");
      if (id === "crop") Picture.show(svg, Picture.around(svg, bounds, 0.6, 48));
    }
  }

  function picture({ name, size: [width, height] }, image) {
    const key = pictures[image];
    return Picture.make(width, height, key && `${folder}/${key}.jpg`, name);
  }

  function drawBoxes(svg, suspect, image, labelled) {
    const boxes = image.bboxes.map((bbox, row) => (row === suspect.twin
      ? { name: row, bbox, style: "truth" } // the claim names its class
      : { name: row, bbox, style: "truth", text: image.classes[row], classes: ["faint"] }));
    const shown = others ? boxes.filter(({ name }) => name !== suspect.row) : [];
    const { annotated, seen, kind } = suspect;
    if (annotated) shown.push({ name: "own", bbox: annotated, style: "truth", text: suspect.class });
    if (kind !== "duplicate") {
      shown.push({ name: "seen", bbox: seen, style: "seen", text: suspect.seenClass });
    }
    Picture.draw(svg, labelled ? shown : shown.map((box) => ({ ...box, text: "" })));
  }

  function tell() {
    const decision = current >= 0 && Decisions.on(current);
    const node = at("verdict");
    node.className = warning ? "warning" : decision ? decision.verdict : "";
    node.textContent = warning || (decision ? `You ${NAMES[decision.verdict]} it.` : "");
  }

  function warn(text) { warning = text; }

  function mark() {
    at("list").querySelector("[aria-current]")?.removeAttribute("aria-current");
    const button = at("list").querySelector(`[data-suspect="${current}"]`);
    if (!button) return;
    button.setAttribute("aria-current", "true");
    const list = at("list");
    const top = button.offsetTop - list.clientHeight / 2;
    list.scrollTop = Math.max(top, 0);
  }

  function step(by) {
    warn("");
    const place = listed.indexOf(current);
    const wanted = Math.min(Math.max(place + by, 0), listed.length - 1);
    if (listed.length) show(listed[wanted]);
  }

  /* ---- the patch ---- */

  /* Return the lines, or nothing and say what lacks. */
  function readyPatch() {
    const lines = Decisions.patch();
    if (!lines.length) warn("Nothing is accepted yet: there is no patch to export.");
    else if (!Decisions.hasAuthor()) warn("Say who decides: fill in the author.");
    else warn("");
    tell();
    if (warning && lines.length) at("author").focus();
    return warning ? null : lines;
  }

  function exportPatch() {
    const lines = readyPatch();
    if (!lines) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(lines, { type: "application/jsonl" }));
    link.download = Decisions.fileName();
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  async function copyPatch() {
    const lines = readyPatch();
    if (!lines) return;
    at("lines").value = lines.join("");
    at("text-note").textContent = "Save these lines as data/<competition>/patches/<name>.jsonl.";
    at("text").showModal();
    at("lines").select();
    try {
      await navigator.clipboard.writeText(at("lines").value);
      at("text-note").textContent += " They are in the clipboard.";
    } catch (error) {
      at("text-note").textContent += " Copy them with Ctrl+C.";
    }
  }

  /* ---- address, keys, start ---- */

  function toAddress() {
    const given = new URLSearchParams();
    for (const id of FILTERS) if (filters[id] && filters[id] !== "open") given.set(id, filters[id]);
    if (current >= 0) given.set("suspect", current + 1);
    history.replaceState(null, "", `#${given}`);
  }

  function fromAddress() {
    const given = new URLSearchParams(location.hash.slice(1));
    for (const id of FILTERS) {
      const values = [...at(id).options].map((option) => option.value);
      const fallback = id === "show" ? "open" : "";
      filters[id] = values.includes(given.get(id)) ? given.get(id) : fallback;
    }
    const wanted = Number(given.get("suspect")) - 1;
    if (suspects[wanted] && !fits(wanted)) Object.assign(filters, { kind: "", class: "", show: "all" });
    relist();
    show(suspects[wanted] ? wanted : listed[0] ?? -1);
  }

  const KEYS = {
    a: () => decide("accept"), r: () => decide("reject"), u: undo,
    j: () => step(1), ArrowRight: () => step(1), k: () => step(-1), ArrowLeft: () => step(-1),
    g: () => { others = !others; if (current >= 0) draw(suspects[current]); },
    "?": () => at("help").showModal(),
  };

  function onKey(event) {
    const { target, key } = event;
    if (at("help").open || at("text").open) return;
    if (target.matches("input, select, textarea")) {
      if (key === "Escape" || (key === "Enter" && target.matches("input"))) target.blur();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(KEYS, key)) return;
    event.preventDefault();
    KEYS[key]();
  }

  function listen() {
    at("controls").addEventListener("submit", (event) => event.preventDefault());
    for (const id of FILTERS) {
      at(id).addEventListener("change", () => {
        filters[id] = at(id).value;
        relist();
        show(listed.includes(current) ? current : listed[0] ?? -1);
      });
    }
    for (const verdict of ["accept", "reject"]) {
      at(verdict).addEventListener("click", () => decide(verdict));
    }
    at("undo").addEventListener("click", undo);
    at("previous").addEventListener("click", () => step(-1));
    at("next").addEventListener("click", () => step(1));
    at("author").addEventListener("input", () => kept(Decisions.setAuthor(at("author").value)));
    at("reason").addEventListener("input", editReason);
    at("export").addEventListener("click", exportPatch);
    at("copy").addEventListener("click", copyPatch);
    document.addEventListener("keydown", onKey);
    addEventListener("hashchange", fromAddress);
    addEventListener("resize", () => document.querySelectorAll(".picture").forEach(Picture.size));
  }

  at("author").value = Decisions.restore();
  listen();
  fromAddress();
})();
