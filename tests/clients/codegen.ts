import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "../../schema.graphql",
  documents: ["./codegen/**/*.ts", "./persisted/operations.js"],
  ignoreNoDocuments: false,
  generates: {
    "./build/codegen/": {
      preset: "client",
      presetConfig: { persistedDocuments: { hashAlgorithm: "sha256" } },
      config: {
        scalars: { Date: "string", Day: "string", DateTime: "string", JSON: "unknown" },
        strictScalars: true,
        useTypeImports: true,
        enumsAsTypes: true,
      },
    },
  },
};

export default config;
