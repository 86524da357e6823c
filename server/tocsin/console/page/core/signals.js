/**
 * Values that tell who reads them when they change.
 *
 * An effect runs again when a signal that it read has changed. What an effect makes while it runs
 * (other effects, `onCleanup` functions) ends before it runs again, and with it.
 */

/**
 * @template T
 * @typedef {{ value: T, peek: () => T }} Signal  `peek` reads without being told of changes.
 */

/**
 * @template T
 * @typedef {{ readonly value: T, peek: () => T }} Computed
 */

/** @typedef {{ run: () => void, sources: Set<Set<Effect>>, ends: (() => void)[], depth: number }} Effect */

/** @type {Effect | null} */
let current = null;
let tracking = true;
/**
 * Effects that run soon, by their depth: thousands may wait at once, as one for each row does each second.
 *
 * @type {Set<Effect>[]}
 */
const waiting = [];
/** None waits at a lower depth. */
let lowest = 0;
let flushing = false;

/**
 * Makes a value that can be changed.
 *
 * @template T
 * @param {T} initial
 * @returns {Signal<T>}
 */
export function signal(initial) {
  /** @type {Set<Effect>} */
  const readers = new Set();
  let held = initial;
  return {
    get value() {
      if (current && tracking) {
        readers.add(current);
        current.sources.add(readers);
      }
      return held;
    },
    set value(next) {
      if (Object.is(next, held)) return;
      held = next;
      for (const reader of readers) wake(reader);
    },
    peek: () => held,
  };
}

/**
 * Makes a value that follows from others; it is new when the effects run, and not before.
 *
 * @template T
 * @param {() => T} derive
 * @returns {Computed<T>}
 */
export function computed(derive) {
  const made = signal(/** @type {T} */ (/** @type {unknown} */ (undefined)));
  effect(() => {
    made.value = derive();
  });
  return made;
}

/**
 * Runs a function now, and again after each change of what it read.
 *
 * @param {() => void} run
 * @returns {() => void} ends it.
 */
export function effect(run) {
  const owner = current;
  /** @type {Effect} */
  const made = { run: () => undefined, sources: new Set(), ends: [], depth: (owner?.depth ?? 0) + 1 };
  const end = () => {
    waiting[made.depth]?.delete(made);
    forget(made);
  };
  made.run = () => {
    forget(made);
    within(made, run);
  };
  owner?.ends.push(end);
  made.run();
  return end;
}

/**
 * Runs a function whose effects live until the returned function is called, whatever is around.
 *
 * @param {() => void} run
 * @returns {() => void}
 */
export function scope(run) {
  return within(null, () => effect(() => untracked(run)));
}

/**
 * Runs a function once when the effect around it runs again or ends.
 *
 * @param {() => void} end
 */
export function onCleanup(end) {
  current?.ends.push(end);
}

/**
 * Reads signals without being told of their changes.
 *
 * @template T
 * @param {() => T} read
 * @returns {T}
 */
export function untracked(read) {
  const before = tracking;
  tracking = false;
  try {
    return read();
  } finally {
    tracking = before;
  }
}

/**
 * @template T
 * @param {Effect | null} owner
 * @param {() => T} run
 * @returns {T}
 */
function within(owner, run) {
  const before = { current, tracking };
  [current, tracking] = [owner, true];
  try {
    return run();
  } finally {
    ({ current, tracking } = before);
  }
}

/** @param {Effect} stale */
function forget(stale) {
  for (const readers of stale.sources) readers.delete(stale);
  stale.sources.clear();
  for (const end of stale.ends.splice(0)) end();
}

/** @param {Effect} stale */
function wake(stale) {
  (waiting[stale.depth] ??= new Set()).add(stale);
  lowest = Math.min(lowest, stale.depth);
  if (flushing) return;
  flushing = true;
  queueMicrotask(flush);
}

function flush() {
  try {
    // Outer effects first: what they made ends with them, and must not run once more.
    while (lowest < waiting.length) {
      const [next] = waiting[lowest] ?? [];
      if (next) {
        waiting[lowest]?.delete(next);
        next.run();
      } else {
        lowest += 1;
      }
    }
  } finally {
    flushing = false;
  }
}
