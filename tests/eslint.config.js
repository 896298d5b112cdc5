import ts from "typescript-eslint";

export default ts.config(
  { ignores: ["**/node_modules/**", "guest/**", "fixtures/**"] },
  ...ts.configs.recommended,
  {
    // A test waits for what it expects, never for time to pass.
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector: "CallExpression[callee.property.name='waitForTimeout']",
          message: "Wait for a condition.",
        },
      ],
    },
  },
);
