"""One suite over every dialect: what it claims its provider does, and its sandbox server does, no more and no less.

A case is a plain async function of a `Subject`. `test_conformance` runs each case on each dialect of the registry;
`test_mutations` changes each field of each dialect in turn and expects a case to notice.
"""
