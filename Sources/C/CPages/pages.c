#include "CPages.h"

// #embed (C23) puts the files into the program, which so needs no folder of resources at run time.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char playground[] = {
#embed "playground.html"
};
static const unsigned char dashboard[] = {
#embed "dashboard.html"
};
static const unsigned char openapi[] = {
#embed "openapi.json"
};

limn_page limn_playground(void) { return (limn_page){playground, sizeof playground}; }
limn_page limn_dashboard(void) { return (limn_page){dashboard, sizeof dashboard}; }
limn_page limn_openapi(void) { return (limn_page){openapi, sizeof openapi}; }
