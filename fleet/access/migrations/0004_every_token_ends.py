"""A token that would have lasted for ever ends 90 days from now: time enough to replace it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("access", "0003_audit_chain")]

    operations = [
        migrations.RunSQL(
            "UPDATE access_token SET expires_at = now() + interval '90 days' WHERE expires_at IS NULL",
            migrations.RunSQL.noop,
        ),
        migrations.AlterField(model_name="token", name="expires_at", field=models.DateTimeField()),
    ]
