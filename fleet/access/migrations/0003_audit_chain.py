"""The audit becomes append-only, and each entry is chained to the one before it.

The chain is made by a deferred trigger, so at the end of the transaction: its lock is held while that commits,
not while it works, and no row lock is waited for under it.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

CONTENT = """
CREATE FUNCTION access_audit_content(entry access_auditentry) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
        'id', entry.id,
        'at', to_char(entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'actor', entry.actor_id,
        'actor_name', entry.actor_name,
        'action', entry.action,
        'site', entry.site_id,
        'subject', entry.subject,
        'detail', entry.detail
    )::text
$$;
"""
CHAIN = """
CREATE FUNCTION access_audit_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
    said text := access_audit_content(NEW);
BEGIN
    PERFORM pg_advisory_xact_lock(1635083369);  -- "audi"; the next statement sees what its last holder committed
    SELECT number, hash INTO last FROM access_auditlink ORDER BY number DESC LIMIT 1;
    INSERT INTO access_auditlink (number, entry_id, content, hash) VALUES (
        coalesce(last.number, 0) + 1,
        NEW.id,
        said,
        encode(sha256(convert_to(coalesce(last.hash, repeat('0', 64)) || chr(10) || said, 'UTF8')), 'hex')
    );
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER access_audit_chain AFTER INSERT ON access_auditentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION access_audit_chain();
"""
APPEND_ONLY = """
CREATE FUNCTION access_audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on %: what is on record stays as it was written', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE FUNCTION access_audit_link_is_ours() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION 'links of the audit are made by the database alone' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER access_audit_stays BEFORE UPDATE OR DELETE ON access_auditentry
    FOR EACH ROW EXECUTE FUNCTION access_audit_stays();
CREATE TRIGGER access_audit_stays_whole BEFORE TRUNCATE ON access_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION access_audit_stays();
CREATE TRIGGER access_audit_stays BEFORE UPDATE OR DELETE ON access_auditlink
    FOR EACH ROW EXECUTE FUNCTION access_audit_stays();
CREATE TRIGGER access_audit_stays_whole BEFORE TRUNCATE ON access_auditlink
    FOR EACH STATEMENT EXECUTE FUNCTION access_audit_stays();
CREATE TRIGGER access_audit_link_is_ours BEFORE INSERT ON access_auditlink
    FOR EACH ROW EXECUTE FUNCTION access_audit_link_is_ours();
"""
BACKFILL = """
DO $$
DECLARE
    entry access_auditentry;
    previous text := repeat('0', 64);
    counted bigint := 0;
    said text;
BEGIN
    FOR entry IN SELECT * FROM access_auditentry ORDER BY id LOOP
        said := access_audit_content(entry);
        previous := encode(sha256(convert_to(previous || chr(10) || said, 'UTF8')), 'hex');
        counted := counted + 1;
        INSERT INTO access_auditlink (number, entry_id, content, hash) VALUES (counted, entry.id, said, previous);
    END LOOP;
END
$$;
"""
BACK = """
DROP TRIGGER access_audit_chain ON access_auditentry;
DROP TRIGGER access_audit_stays ON access_auditentry;
DROP TRIGGER access_audit_stays_whole ON access_auditentry;
DROP TRIGGER access_audit_stays ON access_auditlink;
DROP TRIGGER access_audit_stays_whole ON access_auditlink;
DROP TRIGGER access_audit_link_is_ours ON access_auditlink;
DROP FUNCTION access_audit_chain();
DROP FUNCTION access_audit_stays();
DROP FUNCTION access_audit_link_is_ours();
DROP FUNCTION access_audit_content(access_auditentry);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0002_display_links'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='auditentry',
            name='actor',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='auditentry',
            name='site',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='access.site'),
        ),
        migrations.CreateModel(
            name='AuditLink',
            fields=[
                ('number', models.BigIntegerField(primary_key=True, serialize=False)),
                ('content', models.TextField()),
                ('hash', models.CharField(max_length=64)),
                ('entry', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='link', to='access.auditentry')),
            ],
            options={
                'ordering': ['number'],
            },
        ),
        migrations.RunSQL(CONTENT + BACKFILL + CHAIN + APPEND_ONLY, BACK),
    ]
