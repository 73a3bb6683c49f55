#!/usr/bin/env python3
"""The README's files for Slurm and Kubernetes, run as those would run them."""

import pathlib
import re
import subprocess
import unittest

import benching
import running
from running import LIMIT, run

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"


class JobFiles(benching.Cases):
    """With another broker, a small load and no wait for the next minute."""

    def block(self, kind, word):
        blocks = re.findall(rf"^```{kind}\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
        return next(block for block in blocks if word in block)

    def smaller(self, text, port):
        for before, after in (("mqtt://broker.example:1883", f"mqtt://127.0.0.1:{port}"),
                              ("mqtt://broker:1883", f"mqtt://127.0.0.1:{port}"), ("10000", "8"), ("50k", "400"),
                              ("1m", "1s"), ("/results/", f"{self.folder}/")):
            text = text.replace(before, after)
        return text.replace("next-minute", benching.start_in(4))

    def environment(self, **variables):
        environment = running.clean_environment(variables)
        return {**environment, "PATH": f"{running.BIN}:{environment['PATH']}"}

    def check_parts(self, jobs, names):
        for job in jobs:
            text, _ = job.communicate(timeout=LIMIT)
            self.assertEqual(job.returncode, 0, text)
        merged = run("bench", "merge", *(self.folder / name for name in names), "--assert", "sent==400", "--assert",
                     "acknowledged==400", "--assert", "connected==8")
        self.assertEqual(merged.returncode, 0, merged.stdout)

    def test_the_script_for_slurm_runs_as_each_task_of_its_array(self):
        broker = self.broker()
        given = self.block("sh", "#SBATCH")
        self.assertTrue(given.startswith("#!/bin/sh\n#SBATCH"))
        first, last = map(int, re.search(r"(?m)^#SBATCH --array=(\d+)-(\d+)$", given).groups())
        script = self.folder / "bench.sbatch"
        script.write_text(self.smaller(given, broker.port))
        tasks = range(first, last + 1)
        jobs = [subprocess.Popen(["sh", script], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 env=self.environment(SLURM_ARRAY_TASK_ID=str(task), SLURM_ARRAY_TASK_MIN=str(first),
                                                      SLURM_ARRAY_TASK_COUNT=str(len(tasks))))
                for task in tasks]
        self.check_parts(jobs, [f"part{task}.json" for task in tasks])

    def test_the_job_for_kubernetes_is_complete_and_its_command_runs_as_each_pod(self):
        import yaml
        broker = self.broker()
        given = list(yaml.safe_load_all(self.block("yaml", "kind: Job")))
        job = next(each for each in given if each["kind"] == "Job")
        self.assertEqual((job["apiVersion"], job["spec"]["completionMode"]), ("batch/v1", "Indexed"))
        completions = job["spec"]["completions"]
        self.assertEqual(job["spec"]["parallelism"], completions)  # all at the same time
        pod = job["spec"]["template"]["spec"]
        self.assertEqual(pod["restartPolicy"], "Never")
        (container,) = pod["containers"]
        self.assertEqual({mount["name"] for mount in container["volumeMounts"]}, {volume["name"] for volume in pod["volumes"]})
        claims = {each["metadata"]["name"] for each in given if each["kind"] == "PersistentVolumeClaim"}
        self.assertEqual({volume["persistentVolumeClaim"]["claimName"] for volume in pod["volumes"]}, claims)
        variables = {each["name"]: each["value"] for each in container["env"]}
        self.assertEqual(variables["MQTK_SHARDS"], str(completions))
        jobs = []
        for index in range(completions):
            # Kubernetes sets the variable, and fills $(NAME) in.
            pod_variables = {**variables, "JOB_COMPLETION_INDEX": str(index)}
            words = [re.sub(r"\$\((\w+)\)", lambda found, known=pod_variables: known[found.group(1)], word)
                     for word in container["command"]]
            words = [self.smaller(word, broker.port) for word in words]
            jobs.append(subprocess.Popen(words, executable=running.BIN / words[0], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                         env=self.environment(**pod_variables)))
        self.check_parts(jobs, [f"part{index}.json" for index in range(completions)])


if __name__ == "__main__":
    unittest.main()
