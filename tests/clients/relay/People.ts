// What a Relay app has of this graph: a list that grows page by page, and a record refetched by its global id.
import { graphql } from "relay-runtime";

export const query = graphql`
  query PeopleQuery($sources: [ID!]) {
    ...People_list @arguments(sources: $sources)
  }
`;

export const list = graphql`
  fragment People_list on Query
  @refetchable(queryName: "PeoplePageQuery")
  @argumentDefinitions(
    sources: { type: "[ID!]" }
    count: { type: "Int", defaultValue: 50 }
    cursor: { type: "String" }
  ) {
    users(sources: $sources, first: $count, after: $cursor) @connection(key: "People_users") {
      complete
      totalCount
      edges {
        node {
          id
          ...Person_user
        }
      }
    }
  }
`;

export const person = graphql`
  fragment Person_user on User @refetchable(queryName: "PersonQuery") {
    givenName
    familyName
    status
    enrollments(status: [ACTIVE]) {
      id
      role
      class {
        id
        title
      }
    }
  }
`;

export const anything = graphql`
  query PeopleNodeQuery($id: ID!) {
    node(id: $id) {
      __typename
      id
      ... on RosterObject {
        sourcedId
        source {
          key
        }
      }
      ... on Class {
        title
      }
    }
  }
`;
