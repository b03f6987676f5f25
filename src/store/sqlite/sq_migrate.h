/* store/sqlite/sq_migrate.h - the steps from an empty file to today's schema.
 * Private to store/sqlite. */
#ifndef STORE_SQLITE_SQ_MIGRATE_H
#define STORE_SQLITE_SQ_MIGRATE_H

struct sq_migration {
	int version; /* of the schema after it; rising */
	const char *sql;
};

/* Made from schema/NNN_*.sql while building; {0, NULL} at the end. */
extern const struct sq_migration sq_migrations[];

#endif
