"""Versions of masters (主数据版本): what the sample loader had written becomes version 1."""

import json

from django.db import migrations, models
from django.utils import timezone

OPEN = 2_147_483_647
LOADED_BUCKET = 255
SHARED = ("name", "phone", "area_code", "community_code", "is_made")
PERSON = (
    *("ref", "id_number", "birth_date", "sex", "ethnicity", "marital_status", "address"),
    *("employer_uscc", "photo_key", "deceased_date"),
)
ENTERPRISE = (
    *("uscc", "legal_representative", "legal_representative_ref", "registered_address"),
    *("business_scope", "registered_capital", "established_date", "industry", "state"),
)


def _version(apps, registry, schema_editor, count):
    now = timezone.now()
    apps.get_model("resources_registries", "Registry").objects.create(
        name=registry, current=1, next_sequence=500_000_001, moved_at=now
    )
    apps.get_model("resources_registries", "RegistryMaster").objects.create(
        registry=registry,
        number=1,
        base=0,
        state="PUBLISHED",
        counts={"subjects": count},
        buckets={"255": "loaded"},
        started_at=now,
        published_at=now,
    )


def _lineage(row):
    return json.dumps({"s": row.sources}, ensure_ascii=False)


def _loaded(row, names):
    return {name: getattr(row, name) for name in (*SHARED, *names)} | {
        "uid": -row.pk,
        "bucket": LOADED_BUCKET,
        "from_master": 1,
        "lineage": _lineage(row),
    }


def samples_copy(apps, schema_editor):
    get = lambda name: apps.get_model("resources_registries", name)  # noqa: E731
    Person, Tie, Enterprise = get("Person"), get("FamilyTie"), get("Enterprise")
    uids = {}
    people = get("SamplePerson")._base_manager.select_related("household").order_by("pk")
    batch = []
    for row in people.iterator(chunk_size=2000):
        uids[row.ref] = -row.pk
        batch.append(
            Person(
                **_loaded(row, PERSON),
                household_ref=row.household_id,
                household_address=row.household.address,
            )
        )
    Person._base_manager.bulk_create(batch, batch_size=1000)
    if batch:
        _version(apps, "population", schema_editor, len(batch))
    Tie._base_manager.bulk_create(
        [
            Tie(
                person_uid=uids[tie.person_id],
                relative_uid=uids[tie.relative_id],
                kind=tie.kind,
                from_master=1,
                is_made=tie.is_made,
            )
            for tie in get("SampleTie")._base_manager.order_by("pk")
        ],
        batch_size=1000,
    )
    made = [
        Enterprise(**_loaded(row, ENTERPRISE), organisation_code=row.uscc[8:17])
        for row in get("SampleEnterprise")._base_manager.order_by("pk")
    ]
    Enterprise._base_manager.bulk_create(made, batch_size=1000)
    if made:
        _version(apps, "legal-persons", schema_editor, len(made))


class Migration(migrations.Migration):
    dependencies = [("resources_registries", "0001_population_and_legal_persons")]

    operations = [
        migrations.RemoveConstraint("FamilyTie", "family_tie_once"),
        migrations.RemoveConstraint("FamilyTie", "family_tie_of_two"),
        migrations.RenameModel("FamilyTie", "SampleTie"),
        migrations.RenameModel("Person", "SamplePerson"),
        migrations.RenameModel("Enterprise", "SampleEnterprise"),
        migrations.CreateModel(
            name="Enterprise",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uid", models.BigIntegerField(verbose_name="融合标识")),
                ("bucket", models.SmallIntegerField(verbose_name="分桶")),
                ("from_master", models.IntegerField(verbose_name="起始版本")),
                ("to_master", models.IntegerField(default=2147483647, verbose_name="截止版本")),
                ("digest", models.BigIntegerField(default=0, verbose_name="摘要")),
                ("records", models.IntegerField(default=0, verbose_name="来源记录数")),
                ("conflict", models.BigIntegerField(default=0, verbose_name="冲突字段")),
                ("lineage", models.TextField(default="{}", verbose_name="血缘")),
                ("is_made", models.BooleanField(default=False, verbose_name="演示数据")),
                ("ref", models.CharField(blank=True, max_length=11, verbose_name="主体标识")),
                (
                    "uscc",
                    models.CharField(blank=True, max_length=18, verbose_name="统一社会信用代码"),
                ),
                (
                    "organisation_code",
                    models.CharField(blank=True, max_length=9, verbose_name="组织机构代码"),
                ),
                (
                    "registration_number",
                    models.CharField(blank=True, max_length=40, verbose_name="注册号"),
                ),
                ("name", models.CharField(blank=True, max_length=200, verbose_name="企业名称")),
                (
                    "legal_representative",
                    models.CharField(blank=True, max_length=120, verbose_name="法定代表人"),
                ),
                (
                    "legal_representative_ref",
                    models.CharField(blank=True, max_length=11, verbose_name="法定代表人标识"),
                ),
                (
                    "representative_id",
                    models.CharField(blank=True, max_length=18, verbose_name="法定代表人身份号码"),
                ),
                (
                    "registered_address",
                    models.CharField(blank=True, max_length=400, verbose_name="住所"),
                ),
                ("area_code", models.CharField(blank=True, max_length=6, verbose_name="行政区划")),
                (
                    "community_code",
                    models.CharField(blank=True, max_length=12, verbose_name="社区代码"),
                ),
                ("business_scope", models.TextField(blank=True, verbose_name="经营范围")),
                (
                    "registered_capital",
                    models.DecimalField(
                        decimal_places=2, max_digits=16, null=True, verbose_name="注册资本（万元）"
                    ),
                ),
                ("established_date", models.DateField(null=True, verbose_name="成立日期")),
                ("industry", models.CharField(blank=True, max_length=8, verbose_name="行业门类")),
                ("phone", models.CharField(blank=True, max_length=20, verbose_name="联系电话")),
                (
                    "state",
                    models.CharField(
                        choices=[("ACTIVE", "存续"), ("REVOKED", "吊销"), ("CANCELLED", "注销")],
                        default="ACTIVE",
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
            ],
            options={
                "verbose_name": "法人",
            },
        ),
        migrations.CreateModel(
            name="FamilyTie",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("person_uid", models.BigIntegerField(verbose_name="本人")),
                ("relative_uid", models.BigIntegerField(verbose_name="亲属")),
                (
                    "kind",
                    models.CharField(
                        choices=[("SPOUSE", "配偶"), ("CHILD", "子女")],
                        max_length=8,
                        verbose_name="关系",
                    ),
                ),
                ("class_number", models.SmallIntegerField(default=0, verbose_name="数据类")),
                ("row_no", models.BigIntegerField(default=0, verbose_name="来源行")),
                ("at", models.DateTimeField(null=True, verbose_name="来源时间")),
                ("valid_from", models.DateField(null=True, verbose_name="起始日期")),
                ("valid_to", models.DateField(null=True, verbose_name="终止日期")),
                ("from_master", models.IntegerField(verbose_name="起始版本")),
                ("to_master", models.IntegerField(default=2147483647, verbose_name="截止版本")),
                ("is_made", models.BooleanField(default=False, verbose_name="演示数据")),
            ],
            options={
                "verbose_name": "家庭关系",
            },
        ),
        migrations.CreateModel(
            name="OrganisationTie",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("organisation_code", models.CharField(max_length=9, verbose_name="组织机构代码")),
                ("other", models.CharField(max_length=18, verbose_name="对方代码")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("BRANCH", "分支机构"),
                            ("INVESTOR", "投资人"),
                            ("REPRESENTATIVE", "法定代表人"),
                        ],
                        max_length=16,
                        verbose_name="关系",
                    ),
                ),
                ("class_number", models.SmallIntegerField(default=0, verbose_name="数据类")),
                ("row_no", models.BigIntegerField(default=0, verbose_name="来源行")),
                ("at", models.DateTimeField(null=True, verbose_name="来源时间")),
                ("valid_from", models.DateField(null=True, verbose_name="起始日期")),
                ("valid_to", models.DateField(null=True, verbose_name="终止日期")),
                ("from_master", models.IntegerField(verbose_name="起始版本")),
                ("to_master", models.IntegerField(default=2147483647, verbose_name="截止版本")),
                ("is_made", models.BooleanField(default=False, verbose_name="演示数据")),
            ],
            options={
                "verbose_name": "法人关系",
            },
        ),
        migrations.CreateModel(
            name="Person",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uid", models.BigIntegerField(verbose_name="融合标识")),
                ("bucket", models.SmallIntegerField(verbose_name="分桶")),
                ("from_master", models.IntegerField(verbose_name="起始版本")),
                ("to_master", models.IntegerField(default=2147483647, verbose_name="截止版本")),
                ("digest", models.BigIntegerField(default=0, verbose_name="摘要")),
                ("records", models.IntegerField(default=0, verbose_name="来源记录数")),
                ("conflict", models.BigIntegerField(default=0, verbose_name="冲突字段")),
                ("lineage", models.TextField(default="{}", verbose_name="血缘")),
                ("is_made", models.BooleanField(default=False, verbose_name="演示数据")),
                ("ref", models.CharField(max_length=11, verbose_name="主体标识")),
                ("name", models.CharField(blank=True, max_length=120, verbose_name="姓名")),
                (
                    "id_number",
                    models.CharField(max_length=18, null=True, verbose_name="公民身份号码"),
                ),
                ("birth_date", models.DateField(null=True, verbose_name="出生日期")),
                ("sex", models.CharField(blank=True, max_length=1, verbose_name="性别")),
                ("ethnicity", models.CharField(blank=True, max_length=2, verbose_name="民族")),
                (
                    "marital_status",
                    models.CharField(blank=True, max_length=2, verbose_name="婚姻状况"),
                ),
                ("phone", models.CharField(blank=True, max_length=20, verbose_name="手机号码")),
                ("area_code", models.CharField(blank=True, max_length=6, verbose_name="行政区划")),
                (
                    "community_code",
                    models.CharField(blank=True, max_length=12, verbose_name="社区代码"),
                ),
                ("address", models.CharField(blank=True, max_length=400, verbose_name="现住址")),
                ("household_ref", models.CharField(blank=True, max_length=32, verbose_name="户号")),
                (
                    "household_address",
                    models.CharField(blank=True, max_length=400, verbose_name="户籍地址"),
                ),
                ("employer", models.CharField(blank=True, max_length=200, verbose_name="工作单位")),
                (
                    "employer_uscc",
                    models.CharField(blank=True, max_length=18, verbose_name="工作单位代码"),
                ),
                ("photo_key", models.CharField(blank=True, max_length=40, verbose_name="照片")),
                ("deceased_date", models.DateField(null=True, verbose_name="死亡日期")),
            ],
            options={
                "verbose_name": "人口",
            },
        ),
        migrations.CreateModel(
            name="Registry",
            fields=[
                (
                    "name",
                    models.CharField(
                        max_length=20, primary_key=True, serialize=False, verbose_name="基础库"
                    ),
                ),
                ("current", models.IntegerField(default=0, verbose_name="现行主数据")),
                ("next_sequence", models.BigIntegerField(default=1, verbose_name="下一主体序号")),
                ("moved_at", models.DateTimeField(null=True, verbose_name="切换时间")),
            ],
            options={
                "verbose_name": "基础库",
            },
        ),
        migrations.CreateModel(
            name="RegistryChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("registry", models.CharField(max_length=20, verbose_name="基础库")),
                ("master", models.IntegerField(verbose_name="主数据版本")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("CREATED", "新增"),
                            ("RETIRED", "退出"),
                            ("ABSORBED", "并入"),
                            ("MERGED", "合并"),
                            ("SPLIT", "拆分"),
                        ],
                        max_length=10,
                        verbose_name="变更",
                    ),
                ),
                ("ref", models.CharField(max_length=11, verbose_name="主体标识")),
                ("other_ref", models.CharField(blank=True, max_length=11, verbose_name="去向")),
                ("rule", models.CharField(blank=True, max_length=20, verbose_name="规则")),
            ],
            options={
                "verbose_name": "主体变更",
            },
        ),
        migrations.CreateModel(
            name="RegistryMaster",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("registry", models.CharField(max_length=20, verbose_name="基础库")),
                ("number", models.IntegerField(verbose_name="版本号")),
                ("base", models.IntegerField(verbose_name="上一版本")),
                ("run", models.CharField(blank=True, max_length=40, verbose_name="融合运行")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("WRITING", "写入中"),
                            ("HELD", "待确认"),
                            ("PUBLISHED", "已发布"),
                            ("ROLLED_BACK", "已回退"),
                            ("DISCARDED", "已作废"),
                        ],
                        max_length=12,
                        verbose_name="状态",
                    ),
                ),
                ("counts", models.JSONField(default=dict, verbose_name="计数")),
                ("buckets", models.JSONField(default=dict, verbose_name="分桶摘要")),
                ("done", models.BigIntegerField(default=0, verbose_name="已处理")),
                ("total", models.BigIntegerField(default=0, verbose_name="总数")),
                ("problem", models.TextField(blank=True, verbose_name="问题")),
                ("started_at", models.DateTimeField(verbose_name="开始时间")),
                ("published_at", models.DateTimeField(null=True, verbose_name="发布时间")),
                ("published_by", models.BigIntegerField(null=True, verbose_name="发布账户")),
                (
                    "published_name",
                    models.CharField(blank=True, max_length=200, verbose_name="发布人"),
                ),
                ("reason", models.TextField(blank=True, verbose_name="理由")),
                ("is_made", models.BooleanField(default=False, verbose_name="演示数据")),
            ],
            options={
                "verbose_name": "主数据版本",
            },
        ),
        migrations.AddIndex(
            model_name="enterprise",
            index=models.Index(fields=["ref", "from_master"], name="enterprise_ref"),
        ),
        migrations.AddIndex(
            model_name="enterprise",
            index=models.Index(fields=["uscc"], name="enterprise_uscc"),
        ),
        migrations.AddIndex(
            model_name="enterprise",
            index=models.Index(fields=["organisation_code"], name="enterprise_organisation"),
        ),
        migrations.AddIndex(
            model_name="enterprise",
            index=models.Index(fields=["name"], name="enterprise_name"),
        ),
        migrations.AddIndex(
            model_name="enterprise",
            index=models.Index(
                fields=["legal_representative_ref"], name="enterprise_representative"
            ),
        ),
        migrations.AddIndex(
            model_name="enterprise",
            index=models.Index(fields=["from_master"], name="enterprise_from"),
        ),
        migrations.AddIndex(
            model_name="enterprise",
            index=models.Index(
                condition=models.Q(("to_master__lt", 2147483647)),
                fields=["to_master"],
                name="enterprise_to",
            ),
        ),
        migrations.AddConstraint(
            model_name="enterprise",
            constraint=models.UniqueConstraint(
                fields=("bucket", "uid", "from_master"), name="enterprise_version_once"
            ),
        ),
        migrations.AddIndex(
            model_name="familytie",
            index=models.Index(fields=["relative_uid"], name="family_tie_relative"),
        ),
        migrations.AddConstraint(
            model_name="familytie",
            constraint=models.UniqueConstraint(
                fields=("person_uid", "relative_uid", "kind", "from_master"), name="family_tie_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="familytie",
            constraint=models.CheckConstraint(
                condition=models.Q(("person_uid", models.F("relative_uid")), _negated=True),
                name="family_tie_of_two",
            ),
        ),
        migrations.AddIndex(
            model_name="organisationtie",
            index=models.Index(fields=["other"], name="organisation_tie_other"),
        ),
        migrations.AddConstraint(
            model_name="organisationtie",
            constraint=models.UniqueConstraint(
                fields=("organisation_code", "other", "kind", "from_master"),
                name="organisation_tie_once",
            ),
        ),
        migrations.AddIndex(
            model_name="person",
            index=models.Index(fields=["ref", "from_master"], name="person_ref"),
        ),
        migrations.AddIndex(
            model_name="person",
            index=models.Index(fields=["id_number"], name="person_id_number"),
        ),
        migrations.AddIndex(
            model_name="person",
            index=models.Index(fields=["name", "birth_date"], name="person_name_birth"),
        ),
        migrations.AddIndex(
            model_name="person",
            index=models.Index(fields=["from_master"], name="person_from"),
        ),
        migrations.AddIndex(
            model_name="person",
            index=models.Index(
                condition=models.Q(("to_master__lt", 2147483647)),
                fields=["to_master"],
                name="person_to",
            ),
        ),
        migrations.AddConstraint(
            model_name="person",
            constraint=models.UniqueConstraint(
                fields=("bucket", "uid", "from_master"), name="person_version_once"
            ),
        ),
        migrations.AddIndex(
            model_name="registrychange",
            index=models.Index(fields=["registry", "ref"], name="change_ref"),
        ),
        migrations.AddConstraint(
            model_name="registrychange",
            constraint=models.UniqueConstraint(
                fields=("registry", "master", "kind", "ref", "other_ref"), name="change_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="registrymaster",
            constraint=models.UniqueConstraint(
                fields=("registry", "number"), name="master_number_once"
            ),
        ),
        migrations.RunPython(samples_copy, migrations.RunPython.noop),
        migrations.DeleteModel("SampleTie"),
        migrations.DeleteModel("SamplePerson"),
        migrations.DeleteModel("SampleEnterprise"),
    ]
