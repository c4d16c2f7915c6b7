from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("access", "0005_cache")]

    operations = [
        migrations.AlterModelOptions(
            name="auditentry",
            options={"ordering": ["-at", "-id"], "verbose_name_plural": "audit entries"},
        ),
    ]
