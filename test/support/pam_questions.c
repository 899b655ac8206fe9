/*
 * A PAM module for tests: asks a question of its own and compares the answer.
 *
 * Arguments: ask=TEXT, answer=TEXT, log=FILE (a line for each answer: right, wrong, none),
 * tell=TEXT (shown before the question), wait=FILE (asks nothing until that is gone). Declares what it needs of
 * PAM itself, so that no headers have to be installed.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct pam_message { int msg_style; const char *msg; };
struct pam_response { char *resp; int resp_retcode; };
struct pam_conv {
	int (*conv)(int, const struct pam_message **, struct pam_response **, void *);
	void *appdata_ptr;
};
enum { PAM_SUCCESS = 0, PAM_AUTH_ERR = 7, PAM_CONV_ERR = 19, PAM_CONV = 5 };
enum { PAM_PROMPT_ECHO_OFF = 1, PAM_TEXT_INFO = 4 };
int pam_get_item(const void *handle, int item, const void **value);

static const char *argument(int argc, const char **argv, const char *name)
{
	size_t length = strlen(name);
	for (int i = 0; i < argc; i++)
		if (!strncmp(argv[i], name, length) && argv[i][length] == '=')
			return argv[i] + length + 1;
	return NULL;
}

int pam_sm_authenticate(void *handle, int flags, int argc, const char **argv)
{
	const char *ask = argument(argc, argv, "ask"), *answer = argument(argc, argv, "answer");
	const char *log = argument(argc, argv, "log"), *tell = argument(argc, argv, "tell");
	const char *wait = argument(argc, argv, "wait");
	const struct pam_conv *conv = NULL;
	struct pam_response *response = NULL;
	const char *outcome = "none";
	int result = PAM_CONV_ERR;

	(void)flags;
	while (wait && access(wait, F_OK) == 0)
		usleep(20000);
	if (pam_get_item(handle, PAM_CONV, (const void **)&conv) != PAM_SUCCESS || !conv)
		return PAM_CONV_ERR;
	if (tell) {
		struct pam_message text = { PAM_TEXT_INFO, tell };
		const struct pam_message *texts[] = { &text };
		conv->conv(1, texts, &response, conv->appdata_ptr);
		response = NULL;
	}
	struct pam_message question = { PAM_PROMPT_ECHO_OFF, ask };
	const struct pam_message *questions[] = { &question };
	if (conv->conv(1, questions, &response, conv->appdata_ptr) == PAM_SUCCESS && response && response->resp) {
		result = strcmp(response->resp, answer) ? PAM_AUTH_ERR : PAM_SUCCESS;
		outcome = result == PAM_SUCCESS ? "right" : "wrong";
	}
	if (log) {
		FILE *file = fopen(log, "a");
		if (file) {
			fprintf(file, "%s\n", outcome);
			fclose(file);
		}
	}
	return result;
}

int pam_sm_setcred(void *handle, int flags, int argc, const char **argv)
{
	(void)handle, (void)flags, (void)argc, (void)argv;
	return PAM_SUCCESS;
}
