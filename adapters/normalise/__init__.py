"""Wire JSON → records, for one source. With `adapters.providers` the only home of wire spelling and of `Any`.

Two lanes. A page whose records have the standard's types is decoded straight from bytes; a page that does not, or
whose dialect has a fix-up for the collection, goes record by record, and there the odd records alone pay for their
tolerance. Both end in `adapters.normalise.convert`, which does not depend on the version: records of 1.1 and 1.2 mix
in practice. A record that cannot be told from others is kept aside, and costs no other.

Ids and references are exactly as sent, blanks included: they are compared with each other and sent back in paths.
"""

from __future__ import annotations

from adapters.normalise.failures import error_code, reports_failure
from adapters.normalise.normaliser import NormalisedPage, Normaliser

__all__ = ["NormalisedPage", "Normaliser", "error_code", "reports_failure"]
