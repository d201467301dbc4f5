import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  { languageOptions: { ecmaVersion: 2024, sourceType: "module" } },
  {
    rules: {
      eqeqeq: "error",
      "no-var": "error",
      "prefer-const": "error",
      "no-shadow": "error",
      "one-var": ["error", "never"], // the rule that joins files counts on it: explorer/gui/parts/widget.py
    },
  },
  {
    files: ["explorer/gui/**/*.js"],
    languageOptions: {
      globals: {
        ...globals.browser,
        ...Object.fromEntries(
          ["constants", "element", "props", "server", "trigger", "upload", "watch"].map((name) => [
            name,
            "readonly",
          ]),
        ),
      },
    },
  },
  {
    files: ["tests/browser/*.js"],
    languageOptions: { globals: globals.browser },
  },
  {
    files: ["tests/web/*.js", "tools/web/*.js"],
    languageOptions: { globals: globals.node },
  },
];
