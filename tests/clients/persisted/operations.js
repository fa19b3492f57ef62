// What the apps of these tests ask. The tools make their manifests of trusted documents from this file.
import { gql } from "@apollo/client";

export const PEOPLE = gql`
  query People($first: Int!) {
    users(first: $first) {
      nodes {
        id
        givenName
        familyName
      }
    }
  }
`;
