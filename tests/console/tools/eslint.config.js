import js from "@eslint/js";
import globals from "globals";

// What would read text as HTML or as a program.
const HTML = "Make elements by `h`: their children are text.";

export default [
  js.configs.recommended,
  {
    languageOptions: { globals: globals.browser, ecmaVersion: 2024, sourceType: "module" },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "eqeqeq": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-script-url": "error",
      "no-var": "error",
      "prefer-const": "error",
      "no-shadow": "error",
      "no-restricted-properties": [
        "error",
        ...["innerHTML", "outerHTML", "insertAdjacentHTML", "setHTMLUnsafe", "srcdoc"].map(
          (property) => ({ property, message: HTML }),
        ),
        { object: "document", property: "write", message: HTML },
        { object: "document", property: "cookie", message: "No script reads cookies." },
      ],
      "max-lines": ["error", { max: 300 }],
    },
  },
];
