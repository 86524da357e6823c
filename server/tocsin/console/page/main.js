/** Starts the page. */

document.documentElement.dataset.started = "yes";
