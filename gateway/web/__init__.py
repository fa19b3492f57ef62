"""The pages for people: GraphiQL and the front page. Everything they load comes from the gateway itself."""
