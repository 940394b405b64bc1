"""Tables in databases, through the extra ``sql``: in by a cursor, out in one transaction."""
