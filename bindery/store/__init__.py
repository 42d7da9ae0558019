"""SQLite: the writer, the readers, migrations, one module per aggregate."""
