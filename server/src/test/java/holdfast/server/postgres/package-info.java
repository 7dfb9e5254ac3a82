/// Real PostgreSQL servers for tests. Start at [TestPostgres].
package holdfast.server.postgres;
