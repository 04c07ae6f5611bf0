"""What workers do for the virtual library (后台任务)."""

from yiwang.kernel.api import job
from yiwang.resources.virtual.answering import run_execute


@job(priority=5)
def run_answer_job(run_id: int) -> None:
    """Answer a question (执行查询)."""
    run_execute(run_id)
