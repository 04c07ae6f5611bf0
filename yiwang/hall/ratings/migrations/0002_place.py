from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("hall_ratings", "0001_ratings")]

    operations = [
        migrations.AddField(
            "rating",
            "place",
            models.CharField(blank=True, default="", max_length=40, verbose_name="评价地点"),
            preserve_default=False,
        ),
        migrations.AddIndex(
            "rating",
            models.Index(
                condition=models.Q(("place", ""), _negated=True),
                fields=["place", "-at"],
                name="rating_place",
            ),
        ),
    ]
