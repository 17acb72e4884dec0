/* The shell commands, as a person types them. */
#include <errno.h>
#include <string.h>
#include <zephyr/shell/shell.h>
#include <zephyr/shell/shell_dummy.h>
#include <zephyr/ztest.h>

/* Runs a command; returns its status, and what it printed. */
static int type(const char *command, const char **printed)
{
	const struct shell *shell = shell_backend_dummy_get_ptr();
	size_t size;
	int status;

	shell_backend_dummy_clear_output(shell);
	status = shell_execute_cmd(shell, command);
	*printed = shell_backend_dummy_get_output(shell, &size);
	return status;
}

static void *start(void)
{
	WAIT_FOR(shell_ready(shell_backend_dummy_get_ptr()), 20000, k_msleep(1));
	return NULL;
}

ZTEST(mcugen_shell, test_list)
{
	const char *printed;

	zassert_ok(type("mcugen list", &printed));
	zassert_not_null(strstr(printed, "keyword: "), "%s", printed);
	zassert_not_null(strstr(printed, "input acceleration: 1x32x3, 96 bytes"), "%s", printed);
}

ZTEST(mcugen_shell, test_run)
{
	const char *printed;

	zassert_ok(type("mcugen run gesture", &printed));
	zassert_not_null(strstr(printed, "gesture sample 0: PASS"), "%s", printed);
	zassert_is_null(strstr(printed, "FAIL"), "%s", printed);
}

ZTEST(mcugen_shell, test_bench)
{
	const char *printed;

	zassert_ok(type("mcugen bench keyword 2", &printed));
	zassert_not_null(strstr(printed, "keyword: 2 inferences"), "%s", printed);
}

ZTEST(mcugen_shell, test_wrong_words)
{
	const char *printed;

	zassert_equal(type("mcugen run nothing", &printed), -ENOENT);
	zassert_not_null(strstr(printed, "no model nothing"), "%s", printed);
	zassert_equal(type("mcugen bench keyword many", &printed), -EINVAL);
	zassert_equal(type("mcugen bench keyword 0", &printed), -EINVAL);
	zassert_equal(type("mcugen run guest", &printed), -ENOMEM);
	zassert_not_null(strstr(printed, "no arena of its own"), "%s", printed);
}

ZTEST_SUITE(mcugen_shell, NULL, start, NULL, NULL, NULL);
