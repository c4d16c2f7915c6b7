// Every tab of a device's page but the live one: the header stays live.

import { join } from "./devicepage.js";

join();
