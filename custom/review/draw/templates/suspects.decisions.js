"use strict";
/* What was decided on the suspects, kept in the browser, and the patch that comes of it. */

const Decisions = (() => {
  const { suspects, hash } = window.suspects;
  const STORE = `podium-suspects-${hash}`;
  // By the line that a suspect proposes, so that another review of the same file knows it.
  let made = new Map();
  let author = "";

  /* Read what an earlier visit left; return the author's name. */
  function restore() {
    try {
      const kept = JSON.parse(localStorage.getItem(STORE)) || {};
      made = new Map(Object.entries(kept.decisions || {}));
      author = kept.author || "";
    } catch (error) { /* storage may be closed to pages from disk, or hold something else */ }
    return author;
  }

  /* Return whether it could be kept. */
  function keep() {
    try {
      const kept = { author, decisions: Object.fromEntries(made) };
      localStorage.setItem(STORE, JSON.stringify(kept));
      return true;
    } catch (error) { return false; }
  }

  const on = (i) => made.get(suspects[i].line);
  const verdict = (i) => on(i)?.verdict;
  const rival = (i) => suspects[i].rivals.find((other) => verdict(other) === "accept");

  /* Decide on a suspect; nothing takes the decision back. The proposal's own reason is not kept. */
  function set(i, decision) {
    const { line, reason } = suspects[i];
    if (!decision) made.delete(line);
    else made.set(line, { ...decision, reason: decision.reason === reason ? "" : decision.reason });
    return keep();
  }

  function setAuthor(name) {
    author = name.trim();
    return keep();
  }

  const count = (wanted) => suspects.filter((_, i) => verdict(i) === wanted).length;

  /* The patch's lines as `labels.py` writes them: JSON, sorted, each once. */
  function patch() {
    const accepted = suspects.filter((_, i) => verdict(i) === "accept");
    const lines = accepted.map(({ line, reason }) => {
      const why = JSON.stringify(made.get(line).reason || reason);
      return `${line}"author":${JSON.stringify(author)},"reason":${why}}\n`;
    });
    return [...new Set(lines)].sort();
  }

  function fileName() {
    const name = author.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "");
    return `labels-${name || "patch"}.jsonl`;
  }

  const hasAuthor = () => author !== "";

  return { restore, on, verdict, rival, set, setAuthor, hasAuthor, count, patch, fileName };
})();
