/**
 * Makes elements. Every text becomes a text node: nothing that a server sent is ever read as HTML.
 */

import { effect, onCleanup, scope, signal } from "./signals.js";

/** @typedef {Node | string | number | boolean | null | undefined | Child[] | (() => Child)} Child */
/** @typedef {Record<string, unknown>} Props  A function as a value is read again when it changes. */

/**
 * Makes an element of HTML.
 *
 * Names that begin with `on` are listeners; a child that is a function is drawn again when what it
 * reads has changed.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Props | null} [props]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, props, ...children) {
  const made = document.createElement(tag);
  dress(made, props ?? {});
  append(made, children);
  return made;
}

/**
 * Makes an element of SVG.
 *
 * @param {string} tag
 * @param {Props | null} [props]
 * @param {...Child} children
 * @returns {SVGElement}
 */
export function svg(tag, props, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  dress(made, props ?? {});
  append(made, children);
  return made;
}

/**
 * Appends children; see `h`.
 *
 * @param {Node} parent
 * @param {Child[]} children
 */
export function append(parent, children) {
  for (const child of children.flat()) {
    if (child instanceof Node) parent.appendChild(child);
    else if (typeof child === "function") parent.appendChild(region(child));
    else if (Array.isArray(child)) append(parent, child);
    else if (shown(child)) parent.appendChild(document.createTextNode(String(child)));
  }
}

/**
 * Keeps one node for each item, for as long as an item of its key is there.
 *
 * @template T
 * @param {() => readonly T[]} items
 * @param {(item: T) => string} key
 * @param {(item: { readonly value: T, peek: () => T }) => Node} build
 * @returns {DocumentFragment}
 */
export function each(items, key, build) {
  const [fragment, start, end] = bounds();
  /** @type {Map<string, { item: import("./signals.js").Signal<T>, node: Node, close: () => void }>} */
  const kept = new Map();
  onCleanup(() => {
    for (const one of kept.values()) one.close();
  });
  effect(() => {
    const next = items();
    const keys = new Set(next.map(key));
    for (const [name, old] of kept) {
      if (keys.has(name)) continue;
      old.close();
      old.node.parentNode?.removeChild(old.node);
      kept.delete(name);
    }
    let after = /** @type {Node} */ (start);
    for (const item of next) {
      const name = key(item);
      const one = kept.get(name) ?? row(item, build);
      kept.set(name, one);
      one.item.value = item;
      if (after.nextSibling !== one.node) end.parentNode?.insertBefore(one.node, after.nextSibling);
      after = one.node;
    }
  });
  return fragment;
}

/**
 * @template T
 * @param {T} first
 * @param {(item: import("./signals.js").Signal<T>) => Node} build
 */
function row(first, build) {
  const item = signal(first);
  /** @type {Node} */
  let node = document.createComment("");
  const close = scope(() => {
    node = build(item);
  });
  return { item, node, close };
}

/** @param {() => Child} draw */
function region(draw) {
  const [fragment, start, end] = bounds();
  effect(() => {
    const drawn = document.createDocumentFragment();
    append(drawn, [draw()]);
    while (start.nextSibling && start.nextSibling !== end) start.nextSibling.remove();
    end.parentNode?.insertBefore(drawn, end);
  });
  return fragment;
}

/** @returns {[DocumentFragment, ChildNode, ChildNode]} */
function bounds() {
  const fragment = document.createDocumentFragment();
  const start = document.createComment("");
  const end = document.createComment("");
  fragment.append(start, end);
  return [fragment, start, end];
}

/**
 * @param {Element} made
 * @param {Props} props
 */
function dress(made, props) {
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on") && typeof value === "function") {
      made.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    } else if (typeof value === "function") {
      effect(() => put(made, name, value()));
    } else {
      put(made, name, value);
    }
  }
}

// These are properties: an attribute of theirs is where an element begins, and not how it stands.
const PROPERTIES = new Set(["value", "checked", "indeterminate", "selected", "open"]);

/**
 * @param {Element} made
 * @param {string} name
 * @param {unknown} value
 */
function put(made, name, value) {
  if (PROPERTIES.has(name) && name in made && !(name === "open" && made.tagName === "DIALOG")) {
    Reflect.set(made, name, value ?? "");
  } else if (value === null || value === undefined || value === false) {
    made.removeAttribute(name);
  } else {
    made.setAttribute(name, value === true ? "" : String(value));
  }
}

/** @param {unknown} child */
function shown(child) {
  return child !== null && child !== undefined && child !== false && child !== true;
}
