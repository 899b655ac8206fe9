/*
 * A PAM module for tests: asks "One-time code: " and lets in who answers with the code that is its
 * argument. Declares the little of PAM it needs, so that no headers have to be installed.
 */
#include <stdlib.h>
#include <string.h>

struct pam_message { int msg_style; const char *msg; };
struct pam_response { char *resp; int resp_retcode; };
struct pam_conv {
	int (*conv)(int, const struct pam_message **, struct pam_response **, void *);
	void *appdata_ptr;
};
enum { PAM_SUCCESS = 0, PAM_AUTH_ERR = 7, PAM_CONV = 5, PAM_PROMPT_ECHO_ON = 2 };
extern int pam_get_item(const void *handle, int item, const void **value);

int pam_sm_authenticate(void *handle, int flags, int argc, const char **argv)
{
	const struct pam_message question = { PAM_PROMPT_ECHO_ON, "One-time code: " };
	const struct pam_message *questions[] = { &question };
	struct pam_response *answer = NULL;
	const void *item = NULL;
	int right = 0;

	(void)flags;
	if (argc < 1 || pam_get_item(handle, PAM_CONV, &item) != PAM_SUCCESS || !item)
		return PAM_AUTH_ERR;
	const struct pam_conv *conv = item;
	if (conv->conv(1, questions, &answer, conv->appdata_ptr) != PAM_SUCCESS || !answer)
		return PAM_AUTH_ERR;
	right = answer->resp && strcmp(answer->resp, argv[0]) == 0;
	free(answer->resp);
	free(answer);
	return right ? PAM_SUCCESS : PAM_AUTH_ERR;
}

int pam_sm_setcred(void *handle, int flags, int argc, const char **argv)
{
	(void)handle, (void)flags, (void)argc, (void)argv;
	return PAM_SUCCESS;
}
