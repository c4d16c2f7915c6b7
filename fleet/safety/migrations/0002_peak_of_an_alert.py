from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("safety", "0001_alerts_and_rules")]

    operations = [
        migrations.AddField(
            model_name="alert",
            name="peak",
            field=models.CharField(
                blank=True,
                choices=[("high", "high"), ("medium", "medium"), ("low", "low"), ("info", "info")],
                default="",
                help_text="the highest since it was raised, or since a person last saw to it",
                max_length=8,
            ),
            preserve_default=False,
        ),
    ]
