// What a TypeScript app has of this graph: every field typed, the nullable ones as such.
import { graphql, useFragment, type FragmentType } from "../build/codegen";
import type { ResultOf, VariablesOf } from "@graphql-typed-document-node/core";

const Member = graphql(`
  fragment Member on Enrollment {
    role
    user {
      id
      givenName
      familyName
    }
  }
`);

export const Roster = graphql(`
  query Roster($source: ID!, $class: String!) {
    class(source: $source, sourcedId: $class) {
      title
      school {
        name
      }
      enrollments(role: [STUDENT]) {
        ...Member
      }
    }
  }
`);

export function names(member: FragmentType<typeof Member>): string {
  const { user } = useFragment(Member, member);
  return [user?.givenName, user?.familyName].filter((part) => part != null).join(" ");
}

export function roster(answer: ResultOf<typeof Roster>): string[] {
  return (answer.class?.enrollments ?? []).map(names);
}

export const asked: VariablesOf<typeof Roster> = { source: "springfield", class: "1" };
