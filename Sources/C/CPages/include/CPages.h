// The pages of `limn serve` and the description of its API, as they are in this folder.
#pragma once
#include <stddef.h>

typedef struct {
  const unsigned char *bytes;
  size_t count;
} limn_page;

limn_page limn_playground(void);
limn_page limn_dashboard(void);
limn_page limn_openapi(void);
