"""The table of Django's cache: counts of wrong codes must outlive Redis, and a dead Redis keeps nobody out."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("access", "0004_every_token_ends")]

    operations = [
        migrations.RunSQL(
            "CREATE TABLE access_cache ("
            ' "cache_key" varchar(255) NOT NULL PRIMARY KEY, "value" text NOT NULL,'
            ' "expires" timestamptz NOT NULL);'
            'CREATE INDEX access_cache_expires ON access_cache ("expires");',
            "DROP TABLE access_cache;",
        ),
    ]
