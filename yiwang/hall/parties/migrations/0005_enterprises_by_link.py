from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("hall_parties", "0004_links_to_phones"),
    ]

    operations = [
        migrations.AddField(
            model_name="partylink",
            name="by_name",
            field=models.CharField(max_length=80, null=True, verbose_name="企业办理人姓名"),
        ),
        migrations.AddField(
            model_name="partylink",
            name="by_ref",
            field=models.CharField(max_length=80, null=True, verbose_name="企业办理人"),
        ),
        migrations.AddField(
            model_name="partylink",
            name="capacity",
            field=models.CharField(max_length=14, null=True, verbose_name="办理身份"),
        ),
        migrations.AddField(
            model_name="partylink",
            name="delegation_id",
            field=models.BigIntegerField(null=True, verbose_name="所用委托"),
        ),
        migrations.AddField(
            model_name="partypart",
            name="signed_as",
            field=models.CharField(max_length=14, null=True, verbose_name="确认人身份"),
        ),
        migrations.AddField(
            model_name="partypart",
            name="signed_name",
            field=models.CharField(max_length=80, null=True, verbose_name="企业确认人"),
        ),
    ]
