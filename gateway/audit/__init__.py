"""Who was shown what: one record for each operation that reads records of people, written before its answer leaves."""
