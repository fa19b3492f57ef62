"""Breadth-first execution: a query is compiled once, and run level by level. docs/execution.md has an example."""

from gateway.execution.executor import Executor
from gateway.schema import Schema


def compiling(schema: Schema) -> Schema:
    """`schema`, whose queries are executed by plans where they can be."""
    return schema.led_by(Executor(schema))
