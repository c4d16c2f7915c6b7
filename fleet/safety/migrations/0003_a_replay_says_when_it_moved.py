from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("safety", "0002_peak_of_an_alert")]

    operations = [
        migrations.AddField(
            model_name="replay",
            name="moved_at",
            field=models.DateTimeField(help_text="when it last came a step forward", null=True),
        ),
    ]
