import js from "@eslint/js";
import globals from "globals";

const ONE_NAME = "a declaration at the top level declares one name: see explorer/gui/parts/widget.py";

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
    },
  },
  {
    files: ["explorer/gui/**/*.js"],
    languageOptions: {
      globals: {
        ...globals.browser,
        ...Object.fromEntries(
          ["element", "props", "server", "trigger", "upload", "watch"].map((name) => [name, "readonly"]),
        ),
      },
    },
    rules: {
      "no-restricted-syntax": [
        "error",
        ...["Program", "ExportNamedDeclaration"].map((parent) => ({
          selector: `${parent} > VariableDeclaration[declarations.length>1]`,
          message: ONE_NAME,
        })),
      ],
    },
  },
  { files: ["tests/web/*.js", "tools/web/*.js"], languageOptions: { globals: globals.node } },
];
